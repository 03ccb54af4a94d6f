//! The words of an operator's language, which the front ends have.

use rollcall_messages::Text;

/// Where the catalogues are.
pub trait Languages: Send + Sync {
    /// The catalogue that a setting names, perhaps one of those in the data folder.
    ///
    /// # Errors
    /// If there is none, or it cannot be read, in words.
    fn find(&self, setting: &str, data_dir: &std::path::Path) -> Result<Box<dyn Words>, String>;
}

/// One catalogue.
pub trait Words {
    /// What this is called.
    fn text(&self, text: Text) -> String;
}

/// No catalogue at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct EnglishOnly;

impl Languages for EnglishOnly {
    fn find(&self, setting: &str, _: &std::path::Path) -> Result<Box<dyn Words>, String> {
        match setting {
            "auto" | "en" => Ok(Box::new(Self)),
            other => Err(format!("there is no language {other:?}; the choice is en")),
        }
    }
}

impl Words for EnglishOnly {
    fn text(&self, text: Text) -> String {
        text.english().to_owned()
    }
}
