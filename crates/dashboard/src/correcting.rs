//! Where a correction is: not asked for, being typed, shown for signing, or waiting for its
//! answer.
//!
//! Invariant: what is given out has been shown in full and was confirmed by a key of its own.

use super::command::is_yes;
use super::correction_form::{CorrectionForm, CorrectionStep};
use super::input::Key;
use rollcall_messages::Message;
use rollcall_protocol::{CorrectionDraft, StationView};

/// The state of the operator's correction.
#[derive(Debug, Clone, Default)]
pub(crate) enum Correcting {
    /// Nothing is being corrected.
    #[default]
    No,
    /// It is being typed.
    Form(Box<CorrectionForm>),
    /// It is complete and shown; a yes signs it.
    Signing {
        form: Box<CorrectionForm>,
        draft: CorrectionDraft,
    },
    /// The database has it. The form is kept for the case that it is refused.
    Submitted { form: Box<CorrectionForm> },
}

/// What a key led to.
#[derive(Debug)]
pub(crate) enum FormKey {
    /// There is no form; the key means something else.
    NoForm,
    /// The form took it.
    Taken,
    /// The correction is signed.
    Submitted(CorrectionDraft),
}

impl Correcting {
    /// The form that is being typed.
    pub(crate) fn form(&self) -> Option<&CorrectionForm> {
        match self {
            Correcting::Form(form) => Some(form),
            _ => None,
        }
    }

    /// What is shown for signing.
    pub(crate) fn signing(&self) -> Option<(&CorrectionForm, &CorrectionDraft)> {
        match self {
            Correcting::Signing { form, draft } => Some((form, draft)),
            _ => None,
        }
    }

    /// Does what `key` means in the form, if there is one.
    pub(crate) fn handle(&mut self, key: Key, station: &StationView) -> FormKey {
        match self {
            Correcting::Form(form) => match form.handle(key, station) {
                CorrectionStep::Stay => {}
                CorrectionStep::Close => *self = Correcting::No,
                CorrectionStep::Submit(draft) => {
                    let form = form.clone();
                    *self = Correcting::Signing { form, draft };
                }
            },
            Correcting::Signing { form, draft } if is_yes(key) => {
                let draft = draft.clone();
                *self = Correcting::Submitted { form: form.clone() };
                return FormKey::Submitted(draft);
            }
            // Whatever else is typed was meant for the form, which is not there now.
            Correcting::Signing { form, .. } => {
                if matches!(key, Key::Esc | Key::Backspace) {
                    *self = Correcting::Form(form.clone());
                }
            }
            Correcting::No | Correcting::Submitted { .. } => return FormKey::NoForm,
        }
        FormKey::Taken
    }

    /// Takes in that it is done.
    pub(crate) fn done(&mut self) {
        if matches!(self, Correcting::Submitted { .. }) {
            *self = Correcting::No;
        }
    }

    /// Takes in that it was refused, which brings the form back.
    pub(crate) fn refused(&mut self, reason: Message) {
        if let Correcting::Submitted { form } = self {
            let form = (**form).clone().refused(reason);
            *self = Correcting::Form(Box::new(form));
        }
    }
}
