//! One person's page: what is known, and what the operator is doing about it.

use super::command::{Deed, Motion, is_yes};
use super::field::TextField;
use super::input::Key;
use crate::say;
use rollcall_core::person::{PersonCode, PersonName};
use rollcall_core::pin::Pin;
use rollcall_messages::{Message, Said as _};
use rollcall_protocol::{PersonChange, PersonDeed, PersonFile};

/// The state of the screen.
#[derive(Debug, Clone, Default)]
pub(crate) struct PersonScreen {
    code: Option<PersonCode>,
    /// Lines in the log when the page was last asked for.
    asked: Option<u64>,
    file: Option<Result<PersonFile, Message>>,
    pub(crate) scroll: usize,
    pub(crate) doing: Doing,
    /// Why what was typed was not taken.
    pub(crate) problem: Option<Message>,
}

/// What is being done.
#[derive(Debug, Clone, Default)]
pub(crate) enum Doing {
    #[default]
    Reading,
    /// Typing something.
    Typing(Typing, TextField),
    /// Asked whether it shall be done.
    Confirming(PersonChange),
}

/// What is being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Typing {
    Name,
    /// The PIN, and what was typed the first time.
    Pin(Option<Pin>),
    /// The code, to show that the erasure is meant.
    CodeToErase,
}

/// What a key led to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PersonKey {
    Pass,
    Taken,
    Do(PersonDeed),
}

impl PersonScreen {
    /// Shows somebody.
    pub(crate) fn open(&mut self, code: PersonCode) {
        *self = Self {
            code: Some(code),
            ..Self::default()
        };
    }

    /// Whose page has to be read now: at first, and whenever something happened.
    pub(crate) fn due(&mut self, written: u64) -> Option<PersonCode> {
        let is_awaited = self.asked.is_some() && self.file.is_none();
        if is_awaited || self.asked == Some(written) {
            return None;
        }
        self.asked = Some(written);
        self.code.clone()
    }

    /// What is shown is not true any more.
    pub(crate) fn ask_again(&mut self) {
        self.asked = None;
    }

    pub(crate) fn take(&mut self, file: Result<PersonFile, Message>) {
        let is_meant = match &file {
            Ok(file) => Some(&file.code) == self.code.as_ref(),
            Err(_) => self.asked.is_some(),
        };
        if is_meant {
            self.file = Some(file);
        }
    }

    /// Whose page it is.
    pub(crate) fn code(&self) -> Option<&PersonCode> {
        self.code.as_ref()
    }

    /// What was read; nothing until then.
    pub(crate) fn file(&self) -> Option<&Result<PersonFile, Message>> {
        self.file.as_ref()
    }

    pub(crate) fn handle(&mut self, key: Key, operator: &str) -> PersonKey {
        let Some(code) = self.code.clone() else {
            return PersonKey::Pass;
        };
        let deed = |change| {
            PersonKey::Do(PersonDeed {
                code: code.clone(),
                change,
                by: operator.to_owned(),
                is_agreed: false,
            })
        };
        self.problem = None;
        match std::mem::take(&mut self.doing) {
            Doing::Confirming(change) => {
                return if is_yes(key) {
                    deed(change)
                } else {
                    PersonKey::Taken
                };
            }
            Doing::Typing(what, mut field) => {
                match key {
                    Key::Esc => {}
                    Key::Enter => return self.typed(what, field).map_or(PersonKey::Taken, deed),
                    key => {
                        field.handle(key);
                        self.doing = Doing::Typing(what, field);
                    }
                }
                return PersonKey::Taken;
            }
            Doing::Reading => {}
        }
        let Some(Ok(file)) = &self.file else {
            return PersonKey::Pass;
        };
        match (Deed::of(key), Motion::of(key)) {
            (Some(Deed::Name), _) => {
                let mut field = TextField::default();
                field.insert(file.name.as_str());
                self.doing = Doing::Typing(Typing::Name, field);
            }
            (Some(Deed::SwitchActive), _) => return deed(PersonChange::Active(!file.active)),
            (Some(Deed::Consent), _) => self.doing = Doing::Confirming(PersonChange::Consent),
            (Some(Deed::Pin), _) => {
                self.doing = Doing::Typing(Typing::Pin(None), TextField::default());
            }
            (Some(Deed::Forget), _) => {
                self.doing = Doing::Confirming(PersonChange::ForgetAdaptive);
            }
            (Some(Deed::Erase), _) => {
                self.doing = Doing::Typing(Typing::CodeToErase, TextField::default());
            }
            (_, Some(motion)) => self.scroll = motion.from(self.scroll, self.last_line()),
            _ => return PersonKey::Pass,
        }
        PersonKey::Taken
    }

    /// Whether a PIN is being typed, which may be a badge's number.
    pub(crate) fn is_typing_pin(&self) -> bool {
        matches!(self.doing, Doing::Typing(Typing::Pin(_), _))
    }

    pub(crate) fn paste(&mut self, text: &str) {
        if let Doing::Typing(_, field) = &mut self.doing {
            field.insert(text);
        }
    }

    fn last_line(&self) -> usize {
        let Some(Ok(PersonFile {
            days: Some(days), ..
        })) = &self.file
        else {
            return 0;
        };
        days.days.len().saturating_sub(1)
    }

    fn typed(&mut self, what: Typing, field: TextField) -> Option<PersonChange> {
        let text = field.text().trim().to_owned();
        let refused = |screen: &mut Self, what, field, problem: Message| {
            screen.problem = Some(problem);
            screen.doing = Doing::Typing(what, field);
            None
        };
        match what {
            Typing::Name => match PersonName::parse(&text) {
                Ok(name) => Some(PersonChange::Rename(name)),
                Err(error) => refused(self, Typing::Name, field, error.said()),
            },
            Typing::Pin(None) if text.is_empty() => {
                self.doing = Doing::Confirming(PersonChange::Pin(None));
                None
            }
            Typing::Pin(None) => match Pin::parse_new(&text) {
                Ok(pin) => {
                    let again = Typing::Pin(Some(pin));
                    self.doing = Doing::Typing(again, TextField::default());
                    None
                }
                Err(error) => refused(self, Typing::Pin(None), TextField::default(), error.said()),
            },
            Typing::Pin(Some(first)) if Pin::parse(&text).as_ref() == Ok(&first) => {
                Some(PersonChange::Pin(Some(first)))
            }
            Typing::Pin(Some(_)) => refused(
                self,
                Typing::Pin(None),
                TextField::default(),
                say::PINS_DIFFER.into(),
            ),
            Typing::CodeToErase => {
                let code = self.code.as_ref().map_or("", PersonCode::as_str);
                if text == code {
                    Some(PersonChange::Erase)
                } else {
                    let problem = say::erase_other_code(code);
                    refused(self, Typing::CodeToErase, TextField::default(), problem)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen() -> PersonScreen {
        let mut screen = PersonScreen::default();
        let code = PersonCode::parse("P-001").unwrap();
        screen.open(code.clone());
        assert_eq!(screen.due(7), Some(code.clone()));
        assert_eq!(screen.due(8), None, "the answer is awaited");
        screen.take(Ok(PersonFile {
            code,
            name: PersonName::parse("Ana Torres").unwrap(),
            active: true,
            team: None,
            consent_at: None,
            has_pin: false,
            enrolled_at: "2026-11-23T08:00:00+01:00".parse().unwrap(),
            last_seen: None,
            templates: vec![],
            pictures: vec![],
            picture_count: 0,
            days: None,
        }));
        screen
    }

    fn write(screen: &mut PersonScreen, text: &str) -> PersonKey {
        let mut last = PersonKey::Pass;
        for c in text.chars() {
            let key = match c {
                '\n' => Key::Enter,
                '<' => Key::Ctrl('u'),
                '~' => Key::Delete,
                c => Key::Char(c),
            };
            last = screen.handle(key, "olga");
        }
        last
    }

    fn deed(change: PersonChange) -> PersonKey {
        PersonKey::Do(PersonDeed {
            code: PersonCode::parse("P-001").unwrap(),
            change,
            by: "olga".into(),
            is_agreed: false,
        })
    }

    #[test]
    fn keys_change_what_they_say() {
        let name = PersonName::parse("Ana María").unwrap();
        let pin = Pin::parse("483920").unwrap();
        let badge = Pin::parse("04A22B9A").unwrap();
        for (keys, led_to) in [
            ("!", deed(PersonChange::Active(false))),
            ("n<Ana María\n", deed(PersonChange::Rename(name))),
            ("+y", deed(PersonChange::Consent)),
            ("+n", PersonKey::Taken),
            ("fy", deed(PersonChange::ForgetAdaptive)),
            ("#483920\n483920\n", deed(PersonChange::Pin(Some(pin)))),
            (
                "#04:a2:2b:9a\n;04A22B9A?\n",
                deed(PersonChange::Pin(Some(badge))),
            ),
            ("#\ny", deed(PersonChange::Pin(None))),
            ("~P-001\n", deed(PersonChange::Erase)),
            ("q", PersonKey::Pass),
        ] {
            assert_eq!(write(&mut screen(), keys), led_to, "{keys:?}");
        }
    }

    #[test]
    fn what_is_typed_wrongly_changes_nothing_and_is_said() {
        for (keys, problem) in [
            ("n<\n", "the name is empty"),
            ("#123456\n", "too easy"),
            ("#48\n", "6 to 32 digits"),
            ("#483920\n483921\n", "not the same"),
            ("~P-002\n", "nothing was erased"),
        ] {
            let mut screen = screen();
            assert_eq!(write(&mut screen, keys), PersonKey::Taken, "{keys:?}");
            let said = screen.problem.clone().unwrap();
            assert!(said.to_string().contains(problem), "{said}");
            assert!(matches!(screen.doing, Doing::Typing(..)), "{keys:?}");
        }
    }
}
