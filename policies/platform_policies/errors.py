"""What is wrong with a file that people write for the judging road."""

from collections.abc import Sequence


class PolicyInputError(ValueError):
    """A waiver, enforcement or settings file is wrong; its text is one line per problem: file, line, what to do."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))
