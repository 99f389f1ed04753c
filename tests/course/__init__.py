"""The whole way of an assignment, in nbgrader and in Otter: `make grading` (not in `make test`)."""
