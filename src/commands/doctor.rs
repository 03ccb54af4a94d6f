//! `rollcall doctor`: what works, what does not, and what to do about it.

use std::io::IsTerminal;

use anyhow::Result;
use rollcall_messages::Message;

use super::Context;
use super::table::print_json;
use crate::cases::doctor::{Finding, Verdict, examine};
use crate::cli::{JsonArgs, Outcome};
use crate::say;
use crate::ui::{Charset, ColourDepth};

/// Runs the command: "no" if something is bad.
pub(super) fn run(args: JsonArgs, context: &Context) -> Result<Outcome> {
    let mut findings = examine(context);
    // The clock comes last; the terminal is that of whoever asks, not the station's.
    findings.insert(findings.len() - 1, terminal());
    if args.json {
        print_json(&findings)?;
    } else {
        for finding in &findings {
            let mark = match finding.verdict {
                Verdict::Ok => "ok   ",
                Verdict::Warning => "WARN ",
                Verdict::Bad => "BAD  ",
            };
            println!("{mark} {:9} {}", finding.what.english(), finding.detail);
        }
    }
    let bad = findings.iter().any(|f| f.verdict == Verdict::Bad);
    Ok(if bad { Outcome::No } else { Outcome::Done })
}

fn terminal() -> Finding {
    let environment = |name: &str| std::env::var(name).ok();
    if !std::io::stdout().is_terminal() {
        return finding(Verdict::Warning, say::NO_TERMINAL);
    }
    let detail = format!(
        "{}, {}, {}",
        environment("TERM").unwrap_or_else(|| "unknown".into()),
        ColourDepth::detect(environment),
        Charset::detect(environment)
    );
    finding(Verdict::Ok, Message::verbatim(detail))
}

fn finding(verdict: Verdict, detail: impl Into<Message>) -> Finding {
    Finding {
        what: say::CHECKED_TERMINAL,
        verdict,
        detail: detail.into(),
    }
}
