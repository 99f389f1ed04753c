"""What tests of several files share."""

import os

import pytest

from tools.browser import find_browser


@pytest.fixture(scope="module")
def browser():
    """Start headless Chromium, which reaches this machine and nothing else."""
    from playwright.sync_api import sync_playwright

    path = find_browser()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have a browser: install Chromium")
        pytest.skip("no Chromium or Chrome here; pages are not opened")
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    # Tests report what asks a third party; here it is kept from getting an answer.
    options.append("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=options)
        yield running
        running.close()


@pytest.fixture
def untraced():
    """Let TensorFlow run each step as it comes: tracing takes longer than a few steps."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
