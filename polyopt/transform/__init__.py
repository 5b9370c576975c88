"""Steps on schedules, their legality, and the automatic scheduler that takes them."""
