//! The operator going through the settings: which one, and what is being typed.

use super::command::{Deed, Motion};
use super::field::TextField;
use super::filter::{Filter, FilterKey};
use super::input::Key;
use super::text;
use rollcall_core::worktime::alteration::Alteration;
use rollcall_messages::Message;
use rollcall_protocol::{SettingChange, SettingRow};

/// The state of the settings screen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    rows: Option<Result<Vec<SettingRow>, Message>>,
    is_asked: bool,
    selected: usize,
    pub(crate) filter: Filter,
    /// The value that is being typed.
    pub(crate) editing: Option<TextField>,
    /// A change that would alter days that have passed, and how: whether that is meant.
    pub(crate) asked: Option<(SettingChange, Alteration)>,
}

/// What a key led to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SettingsKey {
    Pass,
    Taken,
    Change(SettingChange),
}

impl Settings {
    /// Whether the settings have to be read now.
    pub(crate) fn is_due(&mut self) -> bool {
        !std::mem::replace(&mut self.is_asked, true)
    }

    /// What is shown is not true any more.
    pub(crate) fn ask_again(&mut self) {
        self.is_asked = false;
    }

    /// Takes what was read. The selection, and what is being typed, stay with their setting.
    pub(crate) fn take(&mut self, rows: Result<Vec<SettingRow>, Message>) {
        let name = |row: &SettingRow| (row.section.clone(), row.key.clone());
        let before = self.selected().map(|(_, row)| name(row));
        self.rows = Some(rows);
        let Some(before) = before else {
            return;
        };
        let place = match self.shown() {
            Some(Ok(rows)) => rows.iter().position(|row| name(row) == before),
            _ => None,
        };
        match place {
            Some(place) => self.selected = place,
            None => self.editing = None,
        }
    }

    /// The settings that pass the filter; nothing until they are read.
    pub(crate) fn shown(&self) -> Option<Result<Vec<&SettingRow>, &Message>> {
        let wanted = text::folded(self.filter.text());
        let passes = |row: &&SettingRow| {
            let name = format!("{}.{} {}", row.section, row.key, row.help);
            text::folded(&name).contains(wanted.trim())
        };
        Some(match self.rows.as_ref()? {
            Ok(rows) => Ok(rows.iter().filter(passes).collect()),
            Err(error) => Err(error),
        })
    }

    /// The row the keys act on, and which it is.
    pub(crate) fn selected(&self) -> Option<(usize, &SettingRow)> {
        let Some(Ok(rows)) = self.shown() else {
            return None;
        };
        let index = self.selected.min(rows.len().checked_sub(1)?);
        Some((index, rows.get(index)?))
    }

    pub(crate) fn handle(&mut self, key: Key, operator: &str) -> SettingsKey {
        let change = |row: &SettingRow, value| {
            SettingsKey::Change(SettingChange {
                section: row.section.clone(),
                key: row.key.clone(),
                value,
                by: operator.to_owned(),
                is_agreed: false,
            })
        };
        if let Some((change, _)) = self.asked.take() {
            return if crate::command::is_yes(key) {
                SettingsKey::Change(SettingChange {
                    is_agreed: true,
                    ..change
                })
            } else {
                SettingsKey::Taken
            };
        }
        if let Some(field) = &mut self.editing {
            match key {
                Key::Esc => self.editing = None,
                Key::Enter => {
                    let value = field.text().trim().to_owned();
                    self.editing = None;
                    if let Some((_, row)) = self.selected()
                        && row.value != value
                    {
                        return change(row, Some(value));
                    }
                }
                key => {
                    field.handle(key);
                }
            }
            return SettingsKey::Taken;
        }
        match self.filter.handle(key) {
            FilterKey::Pass => {}
            FilterKey::Taken => return SettingsKey::Taken,
            FilterKey::Changed => {
                self.selected = 0;
                return SettingsKey::Taken;
            }
        }
        let row = self.selected().map_or(0, |(index, _)| index);
        let last = match self.shown() {
            Some(Ok(rows)) => rows.len().saturating_sub(1),
            _ => 0,
        };
        if let Some(motion) = Motion::of(key) {
            self.selected = motion.from(row, last);
            return SettingsKey::Taken;
        }
        let is_default_wanted = Deed::of(key) == Some(Deed::Propose);
        match (key, self.selected()) {
            (_, Some((_, setting))) if is_default_wanted => {
                if setting.value == setting.default {
                    return SettingsKey::Taken;
                }
                return change(setting, None);
            }
            (Key::Enter | Key::Right, Some((_, setting))) => {
                // What is yes or no needs no typing.
                match setting.value.as_str() {
                    "true" => return change(setting, Some("false".to_owned())),
                    "false" => return change(setting, Some("true".to_owned())),
                    value => {
                        let mut field = TextField::default();
                        field.insert(value);
                        self.editing = Some(field);
                    }
                }
            }
            _ => return SettingsKey::Pass,
        }
        SettingsKey::Taken
    }

    /// Asks whether days that have passed shall be altered.
    pub(crate) fn ask(&mut self, change: SettingChange, alteration: Alteration) {
        self.editing = None;
        self.asked = Some((change, alteration));
    }

    pub(crate) fn paste(&mut self, pasted: &str) {
        match &mut self.editing {
            Some(field) => field.insert(pasted),
            None => self.filter.paste(pasted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, value: &str, default: &str) -> SettingRow {
        SettingRow {
            section: "dashboard".into(),
            key: key.into(),
            value: value.into(),
            default: default.into(),
            help: Message::verbatim(format!("what {key} is")),
            overridden_by: None,
        }
    }

    fn settings() -> Settings {
        let mut settings = Settings::default();
        assert!(settings.is_due() && !settings.is_due());
        settings.take(Ok(vec![
            row("bell", "false", "false"),
            row("language", "es", "auto"),
            row("rate", "12", "12"),
        ]));
        settings
    }

    fn change(key: &str, value: Option<&str>) -> SettingsKey {
        SettingsKey::Change(SettingChange {
            section: "dashboard".into(),
            key: key.into(),
            value: value.map(str::to_owned),
            by: "olga".into(),
            is_agreed: false,
        })
    }

    fn press(settings: &mut Settings, keys: &[Key]) -> SettingsKey {
        let mut last = SettingsKey::Pass;
        for &key in keys {
            last = settings.handle(key, "olga");
        }
        last
    }

    #[test]
    fn a_value_is_typed_a_switch_is_thrown_and_a_default_restored() {
        let mut settings = settings();
        assert_eq!(
            press(&mut settings, &[Key::Enter]),
            change("bell", Some("true"))
        );
        assert_eq!(
            press(&mut settings, &[Key::Char('=')]),
            SettingsKey::Taken,
            "is the default"
        );
        let down = [Key::Down, Key::Char('=')];
        assert_eq!(press(&mut settings, &down), change("language", None));
        let typed = [
            Key::Enter,
            Key::Ctrl('u'),
            Key::Char('e'),
            Key::Char('n'),
            Key::Enter,
        ];
        assert_eq!(press(&mut settings, &typed), change("language", Some("en")));
        let unchanged = [Key::Enter, Key::Enter];
        assert_eq!(press(&mut settings, &unchanged), SettingsKey::Taken);
        let given_up = [Key::Enter, Key::Char('x'), Key::Esc];
        assert_eq!(press(&mut settings, &given_up), SettingsKey::Taken);
        assert!(settings.editing.is_none());
    }

    #[test]
    fn what_alters_the_past_is_done_only_after_a_yes() {
        let mut settings = settings();
        let SettingsKey::Change(wanted) = change("language", Some("en")) else {
            panic!("a change");
        };
        settings.ask(wanted.clone(), Alteration::default());
        assert_eq!(press(&mut settings, &[Key::Esc]), SettingsKey::Taken);
        assert_eq!(press(&mut settings, &[Key::Char('y')]), SettingsKey::Pass);
        settings.ask(wanted.clone(), Alteration::default());
        assert_eq!(press(&mut settings, &[Key::Enter]), SettingsKey::Taken);
        settings.ask(wanted.clone(), Alteration::default());
        let agreed = SettingChange {
            is_agreed: true,
            ..wanted
        };
        assert_eq!(
            press(&mut settings, &[Key::Char('y')]),
            SettingsKey::Change(agreed)
        );
        assert!(settings.asked.is_none());
    }

    #[test]
    fn a_value_is_for_the_setting_it_was_typed_for() {
        let mut settings = settings();
        press(&mut settings, &[Key::Down, Key::Enter, Key::Char('x')]);
        settings.take(Ok(vec![
            row("language", "es", "auto"),
            row("bell", "false", "false"),
        ]));
        let sent = press(&mut settings, &[Key::Enter]);
        assert_eq!(sent, change("language", Some("esx")));
        press(&mut settings, &[Key::Enter, Key::Char('x')]);
        settings.take(Ok(vec![row("bell", "false", "false")]));
        assert!(settings.editing.is_none(), "its setting is gone");
    }

    #[test]
    fn the_filter_finds_by_name_and_by_meaning() {
        let mut settings = settings();
        press(
            &mut settings,
            &[Key::Char('/'), Key::Char('r'), Key::Char('a'), Key::Enter],
        );
        assert_eq!(settings.selected().unwrap().1.key, "rate");
        assert_eq!(press(&mut settings, &[Key::Esc]), SettingsKey::Taken);
        assert_eq!(press(&mut settings, &[Key::Esc]), SettingsKey::Pass);
        settings.take(Err(Message::verbatim("unreadable")));
        assert!(settings.selected().is_none());
        assert_eq!(press(&mut settings, &[Key::Enter]), SettingsKey::Pass);
    }
}
