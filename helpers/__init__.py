"""What the lessons derive first and import afterwards.

Nothing here imports TensorFlow until a function that needs it is called.
"""

import warnings

# Progress is shown as text; what tqdm says of widgets that are not there is of no use to a reader.
warnings.filterwarnings("ignore", "IProgress not found")
