"""What the lessons derive first and import afterwards.

Nothing here imports TensorFlow until a function that needs it is called.
"""
