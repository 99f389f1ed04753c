"""Settings of nbgrader for this course."""

c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "cnns"
# `ipython/` stops a cell earlier; this is for what does not listen.
c.Execute.timeout = 180
c.Execute.interrupt_on_timeout = True
