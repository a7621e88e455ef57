"""Tools for assistants, on the use cases of the domain, by the Model Context Protocol.

Only `todo_mcp.server` imports the SDK of the protocol, which takes half a second.
"""
