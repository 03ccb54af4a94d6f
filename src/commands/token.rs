//! `rollcall token`: who may send and ask over the network.

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use super::table::{Table, print_json};
use super::{Context, operator};
use crate::cli::{JsonArgs, Outcome, TokenCommand, TokenCreateArgs};
use crate::core::token::{Permit, Scope};
use crate::store::{NewToken, TokenRow};

/// What is printed of a new token, for programs.
#[derive(Serialize)]
struct Created<'a> {
    name: &'a str,
    token: &'a str,
}

/// Runs the command.
pub(super) fn run(command: &TokenCommand, context: &Context) -> Result<Outcome> {
    match command {
        TokenCommand::Create(args) => create(args, context),
        TokenCommand::List(args) => list(*args, context),
        TokenCommand::Revoke { name } => {
            let operator = operator();
            let author = context.author(&operator);
            super::store_to_change(context)?.revoke_token(name, author)?;
            println!("the token {name} is revoked");
            Ok(Outcome::Done)
        }
    }
}

fn create(args: &TokenCreateArgs, context: &Context) -> Result<Outcome> {
    if args.camera.is_some() && !args.scope.contains(&Scope::Frames) {
        bail!("--camera limits the scope frames; name it with --scope, or leave --camera out");
    }
    let operator = operator();
    let author = context.author(&operator);
    let days = args.days.map(|days| chrono::Days::new(days.into()));
    let expires_at = match days {
        Some(days) => Some(
            author
                .at
                .checked_add_days(days)
                .context("that many days are no date")?,
        ),
        None => None,
    };
    let new = NewToken {
        name: args.name.clone(),
        permit: Permit::new(args.scope.iter().copied(), args.camera.clone()),
        expires_at,
    };
    let secret = super::store_to_change(context)?.create_token(&new, author)?;
    if args.json {
        print_json(&Created {
            name: args.name.trim(),
            token: secret.reveal(),
        })?;
    } else {
        // On standard output alone, so that a script can keep it.
        println!("{}", secret.reveal());
        eprintln!("Keep it now: it is shown this once, and only its hash is stored.");
    }
    Ok(Outcome::Done)
}

fn list(args: JsonArgs, context: &Context) -> Result<Outcome> {
    let tokens = context.store_to_read()?.tokens()?;
    if args.json {
        print_json(&tokens)?;
        return Ok(Outcome::Done);
    }
    if tokens.is_empty() {
        println!("there are no tokens; `rollcall token create` makes one");
        return Ok(Outcome::Done);
    }
    let now = context.clock.now().wall;
    let mut table = Table::new(&["Name", "Scopes", "Camera", "Made", "By", "State"]);
    for token in tokens {
        let state = state_of(&token, &now);
        let scopes: Vec<&str> = token.permit.scopes.iter().map(|s| s.word()).collect();
        table.row([
            token.name,
            scopes.join(","),
            token
                .permit
                .camera
                .map_or_else(|| "any".to_owned(), |camera| camera.to_string()),
            token.created_at.format("%Y-%m-%d %H:%M").to_string(),
            token.created_by,
            state,
        ]);
    }
    table.print()?;
    Ok(Outcome::Done)
}

fn state_of(token: &TokenRow, now: &chrono::DateTime<chrono::FixedOffset>) -> String {
    let day = |at: chrono::DateTime<chrono::FixedOffset>| at.format("%Y-%m-%d").to_string();
    match (token.revoked_at, token.expires_at) {
        (Some(at), _) => format!("revoked {}", day(at)),
        (None, Some(at)) if at <= *now => format!("over since {}", day(at)),
        (None, Some(at)) => format!("valid until {}", day(at)),
        (None, None) => "valid".to_owned(),
    }
}
