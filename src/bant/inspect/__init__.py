"""Looking at tapes: what was recorded, as text."""
