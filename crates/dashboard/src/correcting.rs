//! Where a correction is: not asked for, being typed, or waiting for its answer.

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
    /// The form is complete.
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

    /// Does what `key` means in the form, if there is one.
    pub(crate) fn handle(&mut self, key: Key, station: &Station) -> FormKey {
        let Correcting::Form(form) = self else {
            return FormKey::NoForm;
        };
        match form.handle(key, station) {
            CorrectionStep::Stay => FormKey::Taken,
            CorrectionStep::Close => {
                *self = Correcting::No;
                FormKey::Taken
            }
            CorrectionStep::Submit(draft) => {
                *self = Correcting::Submitted {
                    form: form.clone(),
                    log_lines: station.log().written(),
                };
                FormKey::Submitted(draft)
            }
        }
    }

    /// Takes in the answer: a refused correction brings the form back.
    pub(crate) fn follow(&mut self, station: &Station) {
        let Correcting::Submitted { form, log_lines } = self else {
            return;
        };
        let answer = station
            .log()
            .since(*log_lines)
            .find_map(|entry| match &entry.notice {
                Notice::Corrected(_) => Some(None),
                Notice::CorrectionRefused(reason) => Some(Some(reason.clone())),
                _ => None,
            });
        *self = match answer {
            None => return,
            Some(None) => Correcting::No,
            Some(Some(reason)) => Correcting::Form(Box::new((**form).clone().refused(reason))),
        };
    }
}
