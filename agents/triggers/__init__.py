"""Runs that no person at the page asks for: started by another program or by the clock, their answers sent on."""
