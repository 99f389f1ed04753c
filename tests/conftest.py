"""What tests of several files share."""

import pytest


@pytest.fixture
def untraced():
    """Let TensorFlow run each step as it comes: tracing takes longer than a few steps."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
