"""Every patch id of the workflows, in order of birth. How to change a workflow is told in docs/operations.md.

An id is never reused. It leaves in two deploys: first `deprecate_patch`, then the line, when no open history has it.
"""

REFUSED_BY_THE_RECORD = "refused-by-the-record"
"""2026-11: a command is refused only by a payment just read from the record."""
