"""A recipe whose teachers can only judge: one says yes, one says no, one says neither."""

JUDGES = """
pipeline = "math"
[ask]
on = {fair = 1.0}
off = {fair = 1.0}
[teachers.fair]
kind = "scripted"
replies = ["They are the same.\\nTrue"]
[teachers.strict]
kind = "scripted"
replies = ["The numbers differ.\\nFalse"]
[teachers.odd]
kind = "scripted"
replies = ["Who knows?"]
"""
