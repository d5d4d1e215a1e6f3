"""The progress of the tasks on an order's line, which the line keeps as JSON in its field Tasks.

    {"Build": {"status": "Complete", "milestones": ["Port Assigned"]}, "Configure": {}}

A line whose only task is done by its own fulfilment system keeps nothing here until a milestone is reached: its status
is the task's. The line is complete when all of its tasks are, and fails with the first of them that fails.

Spec: docs/decomposition.md, "Lines with several tasks".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from hub.workflows.state.statuses import FAILED
from integration_objects.property_set import PropertySet

TASKS = "Tasks"
#: the progress of each task by its name: ``status`` and ``milestones``, both absent at first
Progress = Mapping[str, Mapping[str, Any]]


def progress_of(item: PropertySet) -> Progress:
    """Return the progress of a line's tasks; none for a line whose status is that of its only task."""
    text = item.get(TASKS)
    return {} if text is None else json.loads(text)


def write_progress(item: PropertySet, progress: Progress | None) -> None:
    """Write the progress of a line's tasks; None for a line whose status is that of its only task. Changes *item*."""
    item.properties[TASKS] = None if progress is None else json.dumps(progress, ensure_ascii=False, sort_keys=True)


def name_tasks(item: PropertySet, names: Iterable[str]) -> None:
    """Write the names of a line's tasks; those that are known keep their progress. Changes *item*."""
    known = progress_of(item)
    write_progress(item, {name: known.get(name, {}) for name in names})


def is_task_complete(item: PropertySet, task: str) -> bool:
    """Tell whether a task of a line is complete."""
    return item.get("Status") == "Complete" or progress_of(item).get(task, {}).get("status") == "Complete"


def completed_tasks(item: PropertySet) -> list[str]:
    """Return the names of a line's tasks that are complete, as far as its progress tells."""
    return [name for name, entry in progress_of(item).items() if entry.get("status") == "Complete"]


def has_reached(item: PropertySet, task: str, milestone: str) -> bool:
    """Tell whether a task of a line has reached a milestone."""
    return milestone in progress_of(item).get(task, {}).get("milestones", ())


def set_task(item: PropertySet, task: str, *, status: str | None = None, milestone: str | None = None) -> None:
    """Write what became of a task: its status, or a milestone that it has reached. Changes *item*."""
    progress = dict(progress_of(item))
    entry = dict(progress.get(task, {}))
    if status is not None:
        entry["status"] = status
    if milestone is not None:
        entry["milestones"] = sorted({*entry.get("milestones", ()), milestone})
    progress[task] = entry
    write_progress(item, progress)


def status_of_tasks(item: PropertySet) -> str:
    """Return the status that the tasks of a line give it: that of the first failed one, Complete or Open."""
    statuses = [entry.get("status") for entry in progress_of(item).values()]
    failed = [status for status in statuses if status in FAILED]
    if failed:
        return str(failed[0])
    return "Complete" if all(status == "Complete" for status in statuses) else "Open"


def forget_failed_tasks(item: PropertySet) -> None:
    """Forget the progress of the tasks that aren't complete, because a failed line is tried again. Changes *item*."""
    progress = progress_of(item)
    if progress:
        kept = {name: entry if entry.get("status") == "Complete" else {} for name, entry in progress.items()}
        write_progress(item, kept)
