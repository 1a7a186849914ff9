"""What things cost, and who hears of it."""
