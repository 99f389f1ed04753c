"""The book to take along, made from the built site: one PDF, one EPUB, one archive.

`make pdf`, `make epub` and `make archive` call the modules of the same names.
"""
