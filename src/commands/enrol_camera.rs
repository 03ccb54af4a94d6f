//! `rollcall enrol --camera`: a person who stands before a camera elsewhere.
//!
//! The station takes the pictures; this is a front end of it that says how far it is and asks
//! before anything is written.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::{Result, bail};

use super::attach::station_of;
use super::{Context, operator};
use crate::cli::{EnrolArgs, Outcome};
use crate::core::camera_name::CameraName;
use crate::core::event::Intent;
use crate::core::person::{PersonCode, PersonId, PersonName};
use crate::link::{self, Hello};
use crate::protocol::{Client, Command, ConfirmingView, LinkState, ModeView, Reply, StationView};

/// How long the station is waited for between two looks.
const GLANCE: Duration = Duration::from_millis(200);

/// Who is to be enrolled, and where.
struct Wanted<'a> {
    name: PersonName,
    code: PersonCode,
    camera: CameraName,
    args: &'a EnrolArgs,
}

/// Runs the command: "no" if the pictures were not confirmed.
pub(super) fn run(args: &EnrolArgs, context: &Context) -> Result<Outcome> {
    let (Some(name), Some(code), Some(camera)) = (&args.name, &args.code, &args.camera) else {
        bail!("say who it is with --name and --code");
    };
    let wanted = Wanted {
        name: PersonName::parse(name)?,
        code: PersonCode::parse(code)?,
        camera: camera.clone(),
        args,
    };
    let Some(socket) = station_of(context.data_dir())? else {
        bail!(
            "no station runs for {}: start it, because it takes the pictures",
            context.data_dir().display()
        );
    };
    let hello = Hello {
        operator: operator(),
        watches_only: false,
    };
    let mut client = link::attach(&socket, hello)?;
    wanted.check_consent(&client.view())?;
    let started = client.send(Command::Intent(Intent::Enrol {
        name: wanted.name.clone(),
        code: wanted.code.clone(),
        face: None,
        camera: Some(wanted.camera.clone()),
    }));
    eprintln!(
        "{} stands before the camera {}, alone; look into it, then turn the head a little",
        wanted.name, wanted.camera
    );
    wanted.follow(&mut client, started)
}

impl Wanted<'_> {
    fn check_consent(&self, view: &StationView) -> Result<()> {
        // What the station notes is today's day.
        let is_today = self.args.consent.as_deref() == Some("today");
        if view.facts.asks_consent && !is_today {
            bail!(
                "{} has to agree before a face is kept: say so with --consent today",
                self.name
            );
        }
        Ok(())
    }

    /// Says how far it is, asks, and ends with the station's answer.
    fn follow(&self, client: &mut Client, started: u64) -> Result<Outcome> {
        let mut said = String::new();
        let mut asked = None;
        loop {
            for told in client.replies() {
                if told.number == started || Some(told.number) == asked {
                    match told.reply {
                        Reply::Refused(refusal) => bail!("{}", refusal.said),
                        Reply::Done(done) if told.number == started => {
                            println!("{done}");
                            return Ok(Outcome::Done);
                        }
                        _ => {}
                    }
                }
            }
            if let LinkState::Lost(why) | LinkState::Ended(Some(why)) = client.state() {
                bail!("the station was lost before it was done: {why}");
            }
            let view = client.view();
            match view.mode() {
                ModeView::Enrolling(enrolling) if enrolling.name == self.name => {
                    let line = format!(
                        "{} of {}: {}",
                        enrolling.taken, enrolling.wanted, enrolling.hint
                    );
                    if line != said {
                        eprintln!("{line}");
                        said = line;
                    }
                }
                ModeView::Confirming(shown) if shown.code == self.code && asked.is_none() => {
                    let Some(intent) = self.confirmation(shown, &view)? else {
                        client.send(Command::Intent(Intent::CancelEnrolment));
                        eprintln!("nothing was written");
                        return Ok(Outcome::No);
                    };
                    asked = Some(client.send(Command::Intent(intent)));
                }
                _ => {}
            }
            let _ = client.news().recv_timeout(GLANCE);
        }
    }

    /// What confirms the pictures that were taken; none if they shall not be kept.
    fn confirmation(
        &self,
        shown: &ConfirmingView,
        view: &StationView,
    ) -> Result<Option<Intent<chrono::NaiveDateTime>>> {
        let described = |id: PersonId| {
            view.person(id)
                .map_or_else(|| "somebody".to_owned(), super::described)
        };
        if let Some(taken_for) = &shown.taken_for {
            let who = described(taken_for.person);
            if !self.args.another_person {
                bail!(
                    "these faces are taken for {who} ({}): nothing was written; if this is \
                     another person, state it with --another-person",
                    taken_for.similarity
                );
            }
        }
        if let Some(resembles) = &shown.resembles {
            eprintln!(
                "they are like {} ({})",
                described(resembles.person),
                resembles.similarity
            );
        }
        if !self.args.yes
            && !agreed(&format!(
                "{} pictures of {} ({}) were taken. Keep them?",
                shown.portraits.len(),
                self.name,
                self.code
            ))?
        {
            return Ok(None);
        }
        Ok(Some(Intent::ConfirmEnrolment {
            code: self.code.clone(),
            another_than: shown.taken_for.as_ref().map(|taken| taken.person),
        }))
    }
}

fn agreed(question: &str) -> Result<bool> {
    let input = io::stdin();
    if !input.is_terminal() {
        bail!("nobody can be asked; agree beforehand with --yes");
    }
    eprint!("{question} [y/N] ");
    io::stderr().flush()?;
    let mut line = String::new();
    input.lock().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}
