class ServiceError(Exception):
    """An outside process cannot be used. The message is one sentence for the person who started us."""
