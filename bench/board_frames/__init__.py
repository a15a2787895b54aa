"""Parts of the benchmark of boards: played calls, the server, and who looks."""
