"""What a table suggests as its contract, each constraint with its support and its chance of a false alarm."""

from maturekit.schema.learning.learn import Lesson, lesson

__all__ = ["Lesson", "lesson"]
