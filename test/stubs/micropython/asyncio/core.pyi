from typing import Any

class IOQueue:
    poller: Any
    def queue_read(self, s: Any) -> None: ...
    def queue_write(self, s: Any) -> None: ...

_io_queue: IOQueue
