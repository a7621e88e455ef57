"""Reads the files of other programs, and our own export, as tasks and projects to import.

All modules but `process` are without input and output.
"""
