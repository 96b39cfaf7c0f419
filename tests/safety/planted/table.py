"""Every bug we plant, by what it breaks."""

from tests.safety.planted import answers, books, doors, keyless, keys, records, workflow
from tests.safety.planted.bug import Bug

BUGS: tuple[Bug, ...] = (
    *keys.BUGS,
    *answers.BUGS,
    *records.BUGS,
    *workflow.BUGS,
    *doors.BUGS,
    *books.BUGS,
    *keyless.BUGS,
)
