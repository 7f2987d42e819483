"""Learns from how answers went: what worked again and again, or an LLM's reading of thumbs, becomes a proposal."""
