"""What is done so that data and service survive: backups, drills, and the promises they are held to."""
