"""The knowledge base: articles with scripts and versions, found in Chinese and English."""
