//! `rollcall encrypt` and `rollcall decrypt`: templates and pictures at rest.

use anyhow::Result;

use super::{Context, operator};
use crate::cli::{EncryptArgs, Outcome};
use crate::store::StationLock;

/// `rollcall encrypt`.
pub(super) fn encrypt(args: &EncryptArgs, context: &Context) -> Result<Outcome> {
    let mut store = super::store_to_change(context)?;
    let lock = StationLock::take(context.data_dir())?;
    let operator = operator();
    let done = store.seal(&args.key_file, &lock, context.author(&operator))?;
    let key = args.key_file.display();
    println!(
        "{} templates and {} pictures are encrypted with the key in {key}.\n\
         Keep a copy of that file elsewhere: without it nobody here is recognised any more.\n\
         Backups made before hold them unencrypted.",
        done.templates, done.pictures
    );
    Ok(Outcome::Done)
}

/// `rollcall decrypt`.
pub(super) fn decrypt(context: &Context) -> Result<Outcome> {
    let mut store = super::store_to_change(context)?;
    let lock = StationLock::take(context.data_dir())?;
    let operator = operator();
    let done = store.unseal(&lock, context.author(&operator))?;
    println!(
        "{} templates and {} pictures are no longer encrypted.",
        done.templates, done.pictures
    );
    Ok(Outcome::Done)
}
