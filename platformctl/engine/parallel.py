"""Several stacks at once: those of one layer, which do not read each other."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from platform_components.errors import PlatformError
from platformctl.engine.process import InterruptedRunError, interrupt_running

T = TypeVar("T")

AT_ONCE = min(8, max(2, os.cpu_count() or 2))
"""Most stacks that are worked on at once; each is a Pulumi CLI with its plugins."""


def together(stacks: Sequence[str], act: Callable[[str], T], announce: Callable[[str], None]) -> Mapping[str, T | PlatformError]:
    """Do something with each stack, some at once. What fails in one is no reason to stop the others.

    Args:
        stacks: their names.
        act: what is done.
        announce: tells the user of an interrupt.

    Raises:
        InterruptedRunError: the user interrupted it; every engine has been told and has ended.
    """
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        running: dict[str, Future[T]] = {stack: pool.submit(act, stack) for stack in stacks}
        interrupts = 0
        while True:
            try:
                wait(running.values())
                break
            except KeyboardInterrupt:
                # Only this thread hears of it: the others wait for their engines.
                interrupts += 1
                for future in running.values():
                    future.cancel()
                interrupt_running(interrupts, announce)
    if interrupts:
        raise InterruptedRunError("interrupted; run the same command again to go on from there")
    outcomes: dict[str, T | PlatformError] = {}
    for stack, future in running.items():
        outcomes[stack] = _outcome(future)
    return outcomes


def _outcome(future: Future[Any]) -> Any:
    """What came of it; other errors than our own are faults and go on their way."""
    error = future.exception()
    if isinstance(error, PlatformError):
        return error
    return future.result()
