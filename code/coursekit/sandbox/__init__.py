"""Run a student's function where it can reach nothing."""
