"""Tools that come from MCP servers: how they are reached, what they offer, and how the loop calls them."""
