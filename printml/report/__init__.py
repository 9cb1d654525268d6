"""Run folders to tables people read."""
