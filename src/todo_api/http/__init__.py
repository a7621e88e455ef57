"""Shared by all endpoints: authentication, request bodies, preconditions, problems, responses."""
