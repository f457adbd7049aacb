"""What Python tells of itself (its audit events) to who listens for a while, by one hook: none can be taken away again."""

import contextlib
import sys

_listeners = {}
_is_hooked = False


@contextlib.contextmanager
def listening(listener, *events):
    """Has `listener(event, arguments)` called, straight from the hook, for each of these events; an event has one listener at a time."""
    global _is_hooked
    if not _is_hooked:
        sys.addaudithook(_hear)
        _is_hooked = True
    _listeners.update(dict.fromkeys(events, listener))
    try:
        yield
    finally:
        for event in events:
            del _listeners[event]


def _hear(event, arguments):
    listener = _listeners.get(event)
    if listener is not None:
        listener(event, arguments)
