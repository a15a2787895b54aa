"""Parts of the benchmark of pixels: the agent's page, and the least that a page can do."""
