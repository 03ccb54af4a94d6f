//! The camera's controls as a list: which one the keys act on, and what they ask for.

use super::command::{Deed, Motion};
use super::input::Key;
use rollcall_messages::Message;
use rollcall_protocol::{CameraControl, ControlChange, ControlStep};

/// What a key meant to the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ControlKey {
    /// Nothing.
    Pass,
    /// Something that is done.
    Taken,
    /// A change of the selected control.
    Change(ControlChange),
}

/// The list and the selection.
#[derive(Debug, Clone, Default)]
pub(crate) struct ControlsList {
    pub(crate) rows: Vec<CameraControl>,
    /// What became of the last change, or why there are no controls.
    pub(crate) remark: Message,
    selected: usize,
    /// The control in that row when the list was shown: another camera has others.
    selected_name: String,
}

/// Steps that a big step makes of a value: many have 256 of them.
const LEAP: i64 = 10;

impl ControlsList {
    /// The row the keys act on.
    pub(crate) fn selected(&self) -> usize {
        self.selected.min(self.rows.len().saturating_sub(1))
    }

    /// Takes the controls as they are now.
    pub(crate) fn show(&mut self, rows: Vec<CameraControl>, remark: Message) {
        let row = rows.iter().position(|row| row.name == self.selected_name);
        self.rows = rows;
        self.remark = remark;
        self.select(row.unwrap_or_else(|| self.selected()));
    }

    /// Does what `key` means here.
    pub(crate) fn handle(&mut self, key: Key) -> ControlKey {
        let last = self.rows.len().saturating_sub(1);
        let row = self.selected();
        if let Some(motion) = Motion::of(key) {
            return self.select(motion.from(row, last));
        }
        let step = match (key, Deed::of(key)) {
            (Key::Left, _) => ControlStep::By(-1),
            (Key::Right, _) => ControlStep::By(1),
            (_, Some(Deed::StepBack)) => ControlStep::By(-LEAP),
            (_, Some(Deed::StepForward)) => ControlStep::By(LEAP),
            (_, Some(Deed::Propose)) => ControlStep::ToDefault,
            _ => return ControlKey::Pass,
        };
        match self.rows.get(row) {
            Some(control) if control.is_changeable => ControlKey::Change(ControlChange {
                name: control.name.clone(),
                step,
            }),
            _ => ControlKey::Taken,
        }
    }

    fn select(&mut self, row: usize) -> ControlKey {
        self.selected = row;
        self.selected_name = self
            .rows
            .get(row)
            .map_or_else(String::new, |row| row.name.clone());
        ControlKey::Taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(name: &str, is_changeable: bool) -> CameraControl {
        CameraControl {
            name: name.to_owned(),
            title: name.to_owned(),
            value: "1".to_owned(),
            range: Message::verbatim("0 to 9".to_owned()),
            is_changeable,
        }
    }

    #[test]
    fn keys_change_the_selected_control_and_nothing_else() {
        let mut list = ControlsList::default();
        let key = list.handle(Key::Right);
        assert_eq!(key, ControlKey::Taken, "there is none yet");
        let rows = vec![control("gain", true), control("exposure", false)];
        list.show(rows, Message::verbatim(String::new()));
        let change = |step| {
            ControlKey::Change(ControlChange {
                name: "gain".to_owned(),
                step,
            })
        };
        assert_eq!(list.handle(Key::Left), change(ControlStep::By(-1)));
        assert_eq!(list.handle(Key::Char('>')), change(ControlStep::By(10)));
        assert_eq!(list.handle(Key::Char('=')), change(ControlStep::ToDefault));
        assert_eq!(list.handle(Key::Char('q')), ControlKey::Pass);
        assert_eq!(list.handle(Key::Down), ControlKey::Taken);
        let key = list.handle(Key::Right);
        assert_eq!(key, ControlKey::Taken, "not changeable now");
        // The camera was replaced by one that has less.
        list.show(
            vec![control("gain", true)],
            Message::verbatim(String::new()),
        );
        assert_eq!(list.handle(Key::Right), change(ControlStep::By(1)));
        // Or by one that has them in another order.
        list.show(
            vec![control("exposure", true), control("gain", true)],
            Message::verbatim(String::new()),
        );
        assert_eq!(list.handle(Key::Right), change(ControlStep::By(1)));
    }
}
