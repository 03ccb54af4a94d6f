//! What stands in a catalogue, for checking it against what can be said.

use std::collections::{BTreeMap, BTreeSet};

use fluent_bundle::FluentResource;
use fluent_syntax::ast::{
    CallArguments, Entry, Expression, InlineExpression, Pattern, PatternElement, Variant,
    VariantKey,
};

use super::room::Code;

/// Entries that every catalogue may have.
const OF_CATALOGUES: [&str; 2] = ["decimal-mark", "language-name"];

/// The names of plural rules.
const PLURALS: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

/// A message of a catalogue.
#[derive(Debug)]
pub(crate) struct EntryFacts {
    pub(crate) id: String,
    /// Arguments that it speaks of.
    variables: BTreeSet<String>,
    /// Whether it speaks of other entries or calls functions.
    refers: bool,
    /// What is wrong with its selectors.
    faults: Vec<String>,
}

impl EntryFacts {
    /// Whether it says always the same.
    pub(crate) fn needs_nothing(&self) -> bool {
        self.variables.is_empty() && !self.refers
    }

    fn pattern(&mut self, pattern: &Pattern<&str>) {
        for element in &pattern.elements {
            if let PatternElement::Placeable { expression } = element {
                self.expression(expression);
            }
        }
    }

    fn expression(&mut self, expression: &Expression<&str>) {
        match expression {
            Expression::Inline(inline) => self.inline(inline),
            Expression::Select { selector, variants } => {
                self.inline(selector);
                self.variants(variants);
            }
        }
    }

    fn variants(&mut self, variants: &[Variant<&str>]) {
        let names = variants.iter().filter_map(|variant| match variant.key {
            VariantKey::Identifier { name } => Some(name),
            VariantKey::NumberLiteral { .. } => None,
        });
        let names: Vec<&str> = names.collect();
        let counts = names.iter().any(|name| PLURALS.contains(name));
        if counts {
            if !names.contains(&"one") || !names.contains(&"other") {
                self.faults.push("lacks `one` or `other`".to_owned());
            }
            let strange = names.iter().filter(|name| !PLURALS.contains(name));
            self.faults
                .extend(strange.map(|name| format!("`{name}` is not a plural")));
        }
        for variant in variants {
            if let (true, true, VariantKey::Identifier { name }) =
                (counts, variant.default, &variant.key)
                && *name != "other"
            {
                self.faults.push(format!("`{name}` is the default"));
            }
            self.pattern(&variant.value);
        }
    }

    fn inline(&mut self, expression: &InlineExpression<&str>) {
        match expression {
            InlineExpression::VariableReference { id } => {
                self.variables.insert(id.name.to_owned());
            }
            InlineExpression::FunctionReference { arguments, .. } => {
                self.refers = true;
                self.arguments(arguments);
            }
            InlineExpression::MessageReference { .. } => self.refers = true,
            InlineExpression::TermReference { arguments, .. } => {
                self.refers = true;
                if let Some(arguments) = arguments {
                    self.arguments(arguments);
                }
            }
            InlineExpression::Placeable { expression } => self.expression(expression),
            InlineExpression::StringLiteral { .. } | InlineExpression::NumberLiteral { .. } => {}
        }
    }

    fn arguments(&mut self, arguments: &CallArguments<&str>) {
        for argument in &arguments.positional {
            self.inline(argument);
        }
        for argument in &arguments.named {
            self.inline(&argument.value);
        }
    }
}

/// The messages of a file, in their order.
pub(crate) fn of(resource: &FluentResource) -> Vec<EntryFacts> {
    let messages = resource.entries().filter_map(|entry| match entry {
        Entry::Message(message) => Some(message),
        _ => None,
    });
    messages
        .map(|message| {
            let mut facts = EntryFacts {
                id: message.id.name.to_owned(),
                variables: BTreeSet::new(),
                refers: false,
                faults: Vec::new(),
            };
            match &message.value {
                Some(pattern) => facts.pattern(pattern),
                None => facts.faults.push("says nothing".to_owned()),
            }
            facts
        })
        .collect()
}

/// What is wrong between a catalogue and what can be said.
pub(crate) fn faults<'a>(
    entries: &[EntryFacts],
    codes: impl Iterator<Item = &'a Code>,
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut known: BTreeMap<&str, &[&str]> = BTreeMap::new();
    for code in codes {
        if known.insert(code.id, code.arguments).is_some() {
            faults.push(format!("{}: declared twice", code.id));
        }
    }
    let said: BTreeSet<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    faults.extend(
        known
            .keys()
            .filter(|id| !said.contains(*id))
            .map(|id| format!("{id}: missing")),
    );
    for entry in entries {
        let id = &entry.id;
        faults.extend(entry.faults.iter().map(|fault| format!("{id}: {fault}")));
        let Some(arguments) = known.get(id.as_str()) else {
            if !OF_CATALOGUES.contains(&id.as_str()) {
                faults.push(format!("{id}: nothing says this"));
            }
            continue;
        };
        let given: BTreeSet<&str> = arguments.iter().copied().collect();
        let used: BTreeSet<&str> = entry.variables.iter().map(String::as_str).collect();
        for name in used.symmetric_difference(&given) {
            let what = if given.contains(name) {
                "not said"
            } else {
                "not given"
            };
            faults.push(format!("{id}: ${name} is {what}"));
        }
    }
    faults
}
