//! Front ends that are slow, gone, greedy or lying, and what they cost the station.

use rollcall_messages::Message;
use std::sync::Weak;
use std::time::Duration;

use rollcall_camera::CameraSettings;
use rollcall_core::attendance::EventId;
use rollcall_core::correction::{Correction, Deed};
use rollcall_core::person::{PersonCode, PersonName};
use rollcall_core::pin::Pin;
use rollcall_protocol::{HealthView, Peer, PersonChange, PersonDeed, Question};
use rollcall_recognition::intake::Intake;
use rollcall_store::Store;
use rollcall_system::mailbox::Mailbox;

use super::*;
use crate::desk::tests::Desk;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// A meeting place with records in a folder of its own, and the commands that come out.
pub(crate) fn hub_of(controls: ControlDesk) -> (Hub, Receiver<Commanded>) {
    hub_at(&Desk::new(), controls)
}

fn hub_at(desk: &Desk, controls: ControlDesk) -> (Hub, Receiver<Commanded>) {
    let records = RecordsDesk::start(desk.rules.clone(), desk.clock).unwrap();
    let elsewhere = Elsewhere::new(Intake::new(Mailbox::new()));
    let (hub, commanded) = Hub::new(Latest::new());
    hub.wire(Wired {
        records,
        controls,
        clock: desk.clock,
        elsewhere,
    });
    (hub, commanded)
}

fn hub() -> (Hub, Receiver<Commanded>) {
    hub_of(no_controls())
}

fn no_controls() -> ControlDesk {
    ControlDesk::of(&"demo".parse().unwrap(), &CameraSettings::default()).unwrap()
}

/// The one reply that comes next.
pub(crate) fn told(client: &mut Client) -> Reply {
    let mut replies = all_told(client, 1);
    replies.pop().unwrap().reply
}

/// So many replies, and not one more.
fn all_told(client: &mut Client, count: usize) -> Vec<Told> {
    let mut replies = client.replies();
    while replies.len() < count {
        let news = client.news().recv_timeout(PATIENCE);
        assert!(news.is_ok(), "{} of {count} replies", replies.len());
        replies.extend(client.replies());
    }
    assert_eq!(replies.len(), count);
    replies
}

fn guest(operator: &str) -> Guest {
    Guest {
        operator: operator.into(),
        watches_only: false,
        peer: None,
    }
}

fn choose() -> Command {
    Command::Intent(Intent::ChooseFace)
}

fn code_of(reply: &Reply) -> RefusalCode {
    match reply {
        Reply::Refused(refusal) => refusal.code,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn each_front_end_gets_its_own_replies_and_no_other() {
    let (hub, commanded) = hub();
    let (mut ana, mut ben) = (hub.join(guest("ana")), hub.join(guest("ben")));
    assert_ne!(ana.seat(), ben.seat());
    let numbers = [ana.send(choose()), ben.send(choose()), ben.send(choose())];
    let given: Vec<Commanded> = commanded.try_iter().collect();
    assert_eq!(given.len(), 3);
    // In another order than they were asked, and one of them twice.
    for command in given.iter().rev().chain(&given[..1]) {
        let said = format!("seat {}", command.id.seat.0);
        hub.reply_with(command.id, Ok(Message::verbatim(said)));
    }
    for (client, wanted) in [(&mut ana, &numbers[..1]), (&mut ben, &numbers[1..])] {
        let own = format!("seat {}", client.seat().0);
        let replies = all_told(client, wanted.len());
        let mut numbers: Vec<u64> = replies.iter().map(|told| told.number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, wanted);
        for told in replies {
            assert!(matches!(told.reply, Reply::Done(said) if said.to_string() == own));
        }
        assert!(
            client.replies().is_empty(),
            "what is said twice is heard once"
        );
    }
}

#[test]
fn a_front_end_that_never_reads_costs_nothing() {
    let (hub, commanded) = hub();
    let mut sleeper = hub.join(guest("sleeper"));
    let numbers: Vec<u64> = (0..OUTSTANDING).map(|_| sleeper.send(choose())).collect();
    let station = hub.clone();
    let (done, is_done) = bounded(1);
    std::thread::spawn(move || {
        let views: Vec<Weak<HealthView>> = (0..10_000)
            .map(|unconfirmed| {
                let health = Arc::new(HealthView {
                    unconfirmed,
                    ..HealthView::default()
                });
                let view = StationView {
                    health: Arc::clone(&health),
                    ..StationView::default()
                };
                station.publish(view);
                Arc::downgrade(&health)
            })
            .collect();
        for Commanded { id, .. } in commanded.try_iter() {
            // More than once: it can never be more than fits.
            for _ in 0..3 {
                station.reply_with(id, Ok(Message::verbatim(String::new())));
            }
        }
        done.send(views).unwrap();
    });
    let views = is_done.recv_timeout(PATIENCE).expect("the station waits");
    let kept = views.iter().filter(|view| view.upgrade().is_some()).count();
    assert_eq!(kept, 1, "views are replaced, not kept");
    assert_eq!(sleeper.view().health.unconfirmed, 9_999);
    assert!(sleeper.news().len() <= 1);
    let mut heard: Vec<u64> = sleeper.replies().iter().map(|told| told.number).collect();
    heard.dedup();
    assert!(heard.len() <= numbers.len() && !heard.is_empty());
}

#[test]
fn a_reader_that_wakes_late_has_every_reply() {
    let (hub, commanded) = hub();
    let mut client = hub.join(guest("late"));
    for _ in 0..OUTSTANDING {
        client.send(choose());
    }
    for Commanded { id, .. } in commanded.try_iter() {
        hub.reply_with(id, Ok(Message::verbatim(String::new())));
    }
    let replies = all_told(&mut client, OUTSTANDING);
    assert!(
        replies
            .iter()
            .all(|told| matches!(told.reply, Reply::Done(_)))
    );
}

#[test]
fn too_many_commands_are_refused_as_busy() {
    let (hub, commanded) = hub();
    // Nobody takes any of them.
    let mut clients: Vec<Client> = (0..4).map(|_| hub.join(guest("greedy"))).collect();
    for client in &mut clients {
        for _ in 0..OUTSTANDING + 5 {
            client.send(choose());
        }
    }
    assert_eq!(commanded.len(), COMMANDS_WAITING);
    let refusals: Vec<usize> = clients
        .iter_mut()
        .map(|client| {
            let replies = client.replies();
            assert!(
                replies
                    .iter()
                    .all(|t| code_of(&t.reply) == RefusalCode::Busy)
            );
            replies.len()
        })
        .collect();
    let all = OUTSTANDING + 5;
    assert_eq!(refusals, [5, 5, all, all]);
    // Once there is room again, the refused ones are heard, too.
    assert_eq!(commanded.try_iter().count(), COMMANDS_WAITING);
    clients[3].send(choose());
    assert_eq!(commanded.try_iter().count(), 1);
}

#[test]
fn who_may_only_watch_can_do_no_more_than_hold_a_badge_to_a_reader() {
    let (hub, commanded) = hub();
    let mut kiosk = hub.join(Guest {
        watches_only: true,
        ..guest("kiosk")
    });
    let pin = Pin::parse("483920").unwrap();
    for command in [
        choose(),
        Command::Intent(Intent::CancelEnrolment),
        Command::Ask(Question::Visitors),
        Command::ReadControls,
        Command::TestCamera,
    ] {
        let words = format!("{command:?}");
        kiosk.send(command);
        let reply = told(&mut kiosk);
        assert_eq!(code_of(&reply), RefusalCode::WatchOnly, "{words}");
    }
    assert!(commanded.is_empty());
    kiosk.send(Command::Intent(Intent::EnterPin(pin)));
    assert_eq!(commanded.len(), 1);
    assert!(kiosk.replies().is_empty(), "the station answers that");
}

/// The operator of what was given last.
fn signature(commanded: &Receiver<Commanded>) -> String {
    match commanded.try_recv().unwrap().what {
        Wanted::Intent {
            intent: Intent::Correct(correction),
            ..
        } => correction.operator,
        Wanted::Intent { operator, .. } => operator,
        Wanted::CameraTest | Wanted::Reconfigure(_) | Wanted::Restart => {
            panic!("nobody signs that")
        }
    }
}

#[test]
fn whoever_signs_does_so_with_the_user_that_the_kernel_names() {
    let desk = Desk::new();
    let (hub, commanded) = hub_at(&desk, no_controls());
    let peer = Peer {
        uid: 1000,
        process: 4242,
    };
    let far = |operator: &str| Guest {
        peer: Some(peer),
        ..guest(operator)
    };
    let correction = |operator: &str| {
        Command::Intent(Intent::Correct(Box::new(Correction {
            deed: Deed::Void { event: EventId(1) },
            operator: operator.into(),
            reason: "test".into(),
            face: None,
        })))
    };
    for (guest, typed, signed) in [
        (far("olga"), "olga", "olga (uid 1000)"),
        (far("olga (uid 0)"), "root (uid 0)", "root (uid 1000)"),
        (far("olga"), "root (uid 0) (uid 0)", "root (uid 1000)"),
        // Somebody at the machine itself needs no proof, and cannot make one up.
        (guest("olga"), "root (uid 0)", "root"),
    ] {
        let mut client = hub.join(guest.clone());
        client.send(correction(typed));
        assert_eq!(signature(&commanded), signed);
        client.send(choose());
        let is_far = guest.peer.is_some();
        let expected = if is_far { "olga (uid 1000)" } else { "olga" };
        assert_eq!(signature(&commanded), expected);
    }
    let mut client = hub.join(far("olga"));
    client.send(Command::Ask(Question::ChangePerson(PersonDeed {
        code: PersonCode::parse("P-001").unwrap(),
        change: PersonChange::Rename(PersonName::parse("Ana María").unwrap()),
        by: "root (uid 0)".into(),
        is_agreed: false,
    })));
    assert!(matches!(told(&mut client), Reply::Answer(_)));
    let trail = Store::open_read_only(desk.data.path()).unwrap();
    let trail = trail.audit_trail(50).unwrap();
    let renamed = trail.iter().find(|entry| entry.action == "person.rename");
    assert_eq!(renamed.unwrap().actor, "root (uid 1000)");
}

#[test]
fn a_front_end_that_is_gone_is_told_once_and_answered_no_more() {
    let (hub, commanded) = hub();
    let mut gone = hub.join(guest("gone"));
    let stays = hub.join(guest("stays"));
    let seat = gone.seat();
    gone.send(choose());
    assert_eq!((hub.guests(), hub.take_left()), (2, vec![]));
    drop(gone);
    assert_eq!((hub.guests(), hub.take_left()), (1, vec![seat]));
    assert!(hub.take_left().is_empty(), "once");
    let id = commanded.try_recv().unwrap().id;
    hub.reply_with(id, Ok(Message::verbatim("to nobody")));
    let next = hub.join(guest("next"));
    assert!(
        next.seat() != seat && next.seat() != stays.seat(),
        "never again"
    );
}

#[test]
fn nothing_is_taken_any_more_when_the_station_has_ended() {
    let (hub, commanded) = hub();
    let mut client = hub.join(guest("olga"));
    hub.end(Some(Message::verbatim("the disk is gone")));
    assert!(client.news().try_recv().is_ok());
    let ended = LinkState::Ended(Some(Message::verbatim("the disk is gone")));
    assert_eq!(client.state(), ended);
    client.send(choose());
    assert_eq!(code_of(&told(&mut client)), RefusalCode::Unavailable);
    assert!(commanded.is_empty());
}
