"""The random provider of the sandbox: a real generator, so that what a program makes of its values is real too."""
