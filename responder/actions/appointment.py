"""appointment: confirm, cancel or reschedule the open appointment of the originator.

then:
  - appointment: confirm
"""

from collections.abc import Iterator
from dataclasses import dataclass

from responder.core.actions import Action, Context, action
from responder.core.effects import AppointmentStatus, ChangeAppointment, Effect, OpenHandOff
from responder.core.words import Answer

STATUS = {
    Answer.CONFIRM: AppointmentStatus.CONFIRMED,
    Answer.CANCEL: AppointmentStatus.CANCELLED,
    Answer.RESCHEDULE: AppointmentStatus.RESCHEDULE_REQUESTED,
}


@action("appointment")
@dataclass(frozen=True, kw_only=True)
class AppointmentAction(Action):
    change: Answer

    def effects(self, context: Context) -> Iterator[Effect]:
        appointment = context.situation.appointment
        if appointment is None:
            yield OpenHandOff(reason=f"{self.change} without exactly one open appointment")
        elif appointment.status is AppointmentStatus.CANCELLED and self.change is not Answer.CANCEL:
            yield OpenHandOff(reason=f"{self.change} of an appointment that was cancelled before")
        else:
            yield ChangeAppointment(id=appointment.id, status=STATUS[self.change])
