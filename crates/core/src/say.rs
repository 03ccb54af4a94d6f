//! What this room says to people, as codes; the words are in `languages/en/core.ftl`.

use rollcall_messages::{Message, Value, decimal};

use crate::embedding::Cosine;
use crate::person::{PersonCode, PersonName};

rollcall_messages::room! {
    pub(crate) ROOM = "core", [("en/core.ftl", include_str!("../../../languages/en/core.ftl"))];
    texts:
        DIRECTION_IN,
        DIRECTION_OUT,
        DOUBT_ANOTHER_FACE,
        DOUBT_NOBODY_ENROLLED,
        DOUBT_RULED_OUT,
        DOUBT_TOO_CLOSE,
        DOUBT_TOO_UNLIKE,
        FACE_NOT_HELD,
        FLAG_CHECKED_IN_TWICE,
        FLAG_CHECK_OUT_ALONE,
        FLAG_CLOCK_WENT_BACK,
        FLAG_FORGOTTEN_CHECK_OUT,
        FLAG_MORE_THAN_A_DAY,
        HINT_ANOTHER_FACE,
        HINT_FACE_THE_CAMERA,
        HINT_HOLD,
        HINT_KEPT,
        HINT_NO_FACE,
        HINT_ONE_AT_A_TIME,
        NOBODY_CONFIRMED,
        NOTHING,
        NOT_THE_TIME,
        OTHER_PICTURES_TO_CONFIRM,
        PICTURES_TAKEN_FOR_ANOTHER,
        PICTURE_BLURRED,
        PICTURE_BLURRED_ADVICE,
        PICTURE_COVERED,
        PICTURE_COVERED_ADVICE,
        PICTURE_DARK,
        PICTURE_DARK_ADVICE,
        PICTURE_FROZEN,
        PICTURE_FROZEN_ADVICE,
        PICTURE_GLARE,
        PICTURE_GLARE_ADVICE,
        PIN_EASY,
        PIN_NOBODY,
        PIN_PERSON_UNKNOWN,
        PUNCHED_ALREADY,
        QUALITY_BLURRED,
        QUALITY_COVERED,
        QUALITY_LOW_CONTRAST,
        QUALITY_OUT_OF_FRAME,
        QUALITY_TILTED,
        QUALITY_TOO_BRIGHT,
        QUALITY_TOO_DARK,
        QUALITY_TOO_SMALL,
        QUALITY_TURNED,
        QUALITY_UNCLEAR,
        SIDE_LEFT,
        SIDE_RIGHT,
        SIGHTING_SPOOF,
        SIGHTING_UNDECIDED,
        SIGHTING_UNKNOWN,
        SOMEBODY,
        SOURCE_CAMERA,
        SOURCE_IMPORT,
        SOURCE_MANUAL,
        SOURCE_PIN,
        SOURCE_RULE,
        SPOOF_LOOKS_FLAT,
        SPOOF_MOVES_FLAT,
        TEMPLATE_ADAPTIVE,
        TEMPLATE_ENROLLED,
        TEMPLATE_NEGATIVE,
        TOO_MUCH_WAITS,
        WORD_CODE,
        WORD_NAME,
        WORD_OPERATOR,
        WORD_REASON,
        WORD_TEAM,
        WRITING_WORKS_AGAIN,
    ;
    messages:
        as_similar(what, name, similarity),
        cannot_read_day(reason),
        cannot_write(reason),
        checked_in_today(name),
        clock_set_to(shift, at),
        clock_was_set(shift),
        code_belongs_to(code, name),
        code_character(character),
        code_was_deleted(code),
        corrected(what),
        correction_added(event),
        correction_disowned(event),
        correction_event(name, direction, time),
        correction_in_place_of(new, old),
        correction_voided(event),
        enrolled(name, code, count),
        enrolment_called_off(name),
        enrolment_refused(name, reason),
        enrolment_timed_out(name),
        face_enrolled_as(name, similarity),
        face_unlike_person(similarity),
        hint_turn(side),
        lookalikes(name, other, similarity),
        looks_like(what, name, similarity),
        new_day(day),
        not_corrected(reason),
        perhaps(what, name, similarity),
        person_not_active(name),
        pin_refused(reason),
        pin_shape(least, most),
        pin_wait(seconds),
        punch_being_saved(name),
        punch_refused(name, reason),
        punched(name, direction),
        punched_just_now(name, minutes),
        punched_live(name, direction, similarity, liveness),
        punched_similar(name, direction, similarity),
        seen_before(seen, direction, later),
        seen_by(words, camera),
        somebody_is_enrolling(name),
        stated_another_person(code, similarity),
        unlike(what, name, similarity, threshold),
        wording_control(what, character),
        wording_empty(what),
        wording_too_long(what, length, longest),
    ;
}

/// What something that is checked is called, in a sentence about it.
pub(crate) fn name_of(what: &'static str) -> Message {
    match what {
        "name" => WORD_NAME.into(),
        "code" => WORD_CODE.into(),
        "reason" => WORD_REASON.into(),
        "team" => WORD_TEAM.into(),
        "name of the operator" => WORD_OPERATOR.into(),
        other => Message::verbatim(other),
    }
}

/// The name, or that nobody knows it.
pub(crate) fn or_somebody(name: Option<impl Into<Value>>) -> Value {
    name.map_or_else(|| SOMEBODY.into(), Into::into)
}

impl From<&PersonName> for Value {
    fn from(name: &PersonName) -> Self {
        name.as_str().into()
    }
}

impl From<&PersonCode> for Value {
    fn from(code: &PersonCode) -> Self {
        code.as_str().into()
    }
}

impl From<Cosine> for Value {
    /// A similarity is read to two digits.
    fn from(similarity: Cosine) -> Self {
        decimal(similarity.0, 2)
    }
}

impl From<&Cosine> for Value {
    fn from(similarity: &Cosine) -> Self {
        (*similarity).into()
    }
}
