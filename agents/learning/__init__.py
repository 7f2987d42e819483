"""Learning: what people said is read in the background for what is worth remembering, never in the request.

A thread is read when it has been quiet for a minute or ten new questions have come. Each message is read once: the
place in the thread moves in the transaction that keeps what was found there. `MEMORY_EXTRACTION` says how it is read.
"""
