"""Schedules written by hand: one function a kernel, `schedule(s)`, from source order to the end.

Each is what a person would write for that kernel, made of public steps that are proved as they are
taken; `kernel.with_options(schedule=schedule)` runs it.
"""
