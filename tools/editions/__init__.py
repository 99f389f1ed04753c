"""Editions of the lessons, made from them and never edited: `python -m tools.editions --help`."""
