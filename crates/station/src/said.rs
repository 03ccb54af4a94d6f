//! Errors of this room, as front ends are told of them.

use anyhow::Error;
use rollcall_camera::CameraError;
use rollcall_core::person::NameError;
use rollcall_core::pin::PinError;
use rollcall_core::printable::WordingError;
use rollcall_messages::{Message, Said};
use rollcall_store::StoreError;

use crate::say;

/// An error as a message: by its code if it has one, else in the words that it has.
pub fn of(error: &Error) -> Message {
    fn known<E: Said + std::error::Error + Send + Sync + 'static>(
        error: &Error,
    ) -> Option<Message> {
        error.downcast_ref::<E>().map(Said::said)
    }
    let known = known::<Message>(error)
        .or_else(|| known::<StoreError>(error))
        .or_else(|| known::<CameraError>(error))
        .or_else(|| known::<NameError>(error))
        .or_else(|| known::<PinError>(error))
        .or_else(|| known::<WordingError>(error));
    let Some(known) = known else {
        return Message::verbatim(format!("{error:#}"));
    };
    // What was being done stands before it; the context of an error is no error itself.
    let words = error.to_string();
    if words == known.to_string() {
        known
    } else {
        say::because(words, known)
    }
}

/// Several things that were done, as one.
pub(crate) fn all(said: Vec<Message>) -> Message {
    let mut said = said.into_iter();
    let first = said.next().unwrap_or_default();
    said.fold(first, say::more_said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context as _, anyhow};

    #[test]
    fn an_error_is_said_by_its_code() {
        let no_such = || StoreError::NoSuchCode { code: "E-1".into() };
        let plain: Error = no_such().into();
        assert_eq!(of(&plain).id(), "no-such-code");
        let with_context = Err::<(), _>(no_such()).context("reading").unwrap_err();
        let said = of(&with_context);
        assert_eq!(said.id(), "because");
        assert_eq!(said.to_string(), "reading: nobody has the code E-1");
        let coded: Error = Message::from(say::RECORDS_BUSY).into();
        assert_eq!(of(&coded).id(), "records-busy");
        let other = of(&anyhow!("x").context("y"));
        assert_eq!((other.id(), other.to_string().as_str()), ("", "y: x"));
    }

    #[test]
    fn what_was_done_is_one_sentence() {
        let done = [say::person_has_pin("A"), say::person_has_agreed("A")];
        assert_eq!(
            all(done.to_vec()).to_string(),
            "A has a PIN now; A has agreed today"
        );
        assert!(all(Vec::new()).is_empty());
    }
}
