//! Where a correction is: not asked for, being typed, shown for signing, or waiting for its
//! answer.
//!
//! Invariant: what is given out has been shown in full and was confirmed by a key of its own.

use super::command::is_yes;
use super::correction_form::{CorrectionDraft, CorrectionForm, CorrectionStep};
use super::input::Key;
use rollcall_core::notice::Notice;
use rollcall_core::station::Station;

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
    Submitted {
        form: Box<CorrectionForm>,
        /// Lines in the station's log before; what comes after is the answer.
        log_lines: u64,
    },
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
    pub(crate) fn handle(&mut self, key: Key, station: &Station) -> FormKey {
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
                *self = Correcting::Submitted {
                    form: form.clone(),
                    log_lines: station.log().written(),
                };
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

    /// Takes in the answer: a refused correction brings the form back, and what was done is
    /// said.
    pub(crate) fn follow(&mut self, station: &Station) -> Option<String> {
        let Correcting::Submitted { form, log_lines } = self else {
            return None;
        };
        let (next, said) =
            station
                .log()
                .since(*log_lines)
                .find_map(|entry| match &entry.notice {
                    done @ Notice::Corrected(_) => Some((Correcting::No, Some(done.to_string()))),
                    Notice::CorrectionRefused(reason) => {
                        let form = (**form).clone().refused(reason.clone());
                        Some((Correcting::Form(Box::new(form)), None))
                    }
                    _ => None,
                })?;
        *self = next;
        said
    }
}
