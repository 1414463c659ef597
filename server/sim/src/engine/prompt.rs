//! A prompt as every dialect is read into: turns and tools.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

use super::tokens;

/// Tokens that a chat template puts around a turn: its start, the role, a line break, its end.
const TOKENS_AROUND_A_TURN: u64 = 4;

/// Tokens that start the answer.
const TOKENS_BEFORE_THE_ANSWER: u64 = 3;

/// A prompt: a conversation with tools, or a plain text.
#[derive(Clone, Debug, Default)]
pub(super) struct Prompt {
    /// The conversation, oldest turn first; one turn without a role for a plain text.
    pub turns: Vec<Turn>,
    /// What the model may call.
    pub tools: Vec<Tool>,
    /// Whether and what it must call.
    pub tool_choice: ToolChoice,
}

/// One turn of a conversation.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    /// `system`, `user`, `assistant`, `tool`; none for a plain text.
    pub role: Option<String>,
    /// All of its text.
    pub text: String,
}

/// Something the model may call.
#[derive(Clone, Debug)]
pub(super) struct Tool {
    /// Its name.
    pub name: String,
    /// The JSON schema of its arguments.
    pub parameters: Map<String, Value>,
    /// The tokens of its definition in the prompt.
    pub tokens: u64,
}

/// Whether and what the model must call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum ToolChoice {
    /// As it sees fit: here, when the user spoke last.
    #[default]
    Auto,
    /// Nothing.
    None,
    /// Any tool, at least one.
    Required,
    /// This one.
    Named(String),
}

impl ToolChoice {
    /// Reads OpenAI's `tool_choice`; `name` points to the name in an object that names one tool.
    pub(super) fn read_openai(choice: Option<&Value>, name: &str) -> Self {
        match choice {
            Some(Value::String(choice)) if choice == "none" => Self::None,
            Some(Value::String(choice)) if choice == "required" => Self::Required,
            Some(choice) => match choice.pointer(name).and_then(Value::as_str) {
                Some(name) => Self::Named(name.to_owned()),
                None => Self::Auto,
            },
            None => Self::Auto,
        }
    }
}

impl Prompt {
    /// A text to be continued.
    pub(super) fn from_text(text: impl Into<String>) -> Self {
        Self {
            turns: vec![Turn {
                role: None,
                text: text.into(),
            }],
            ..Self::default()
        }
    }

    /// The text of the last thing the user said; empty when there is none.
    pub(super) fn last_user_text(&self) -> &str {
        let mut turns = self.turns.iter().rev();
        let user = turns.find(|turn| matches!(turn.role.as_deref(), None | Some("user")));
        user.map_or("", |turn| &turn.text)
    }

    /// The length of the prompt, with the template around it.
    pub(super) fn tokens(&self, thinking: bool) -> u64 {
        let mut all = self.tools.iter().map(|tool| tool.tokens).sum::<u64>();
        for turn in &self.turns {
            all += tokens::count(&turn.text);
            if turn.role.is_some() {
                all += TOKENS_AROUND_A_TURN;
            }
        }
        if self.turns.iter().any(|turn| turn.role.is_some()) {
            // Without thinking the template closes an empty thought: two tokens more.
            all += TOKENS_BEFORE_THE_ANSWER + if thinking { 0 } else { 2 };
        }
        all
    }

    /// The length of the prompt, in characters.
    pub(super) fn characters(&self) -> u64 {
        self.turns.iter().map(|turn| turn.text.chars().count() as u64).sum()
    }

    /// The tools that the model calls now.
    pub(super) fn called_tools(&self) -> Vec<&Tool> {
        let spoke_last = self.turns.iter().rev().find_map(|turn| match turn.role.as_deref() {
            Some("system" | "developer") => None,
            role => role,
        });
        match &self.tool_choice {
            ToolChoice::Named(name) => self.tools.iter().filter(|tool| tool.name == *name).collect(),
            ToolChoice::Required => self.tools.iter().take(1).collect(),
            // A model that is offered a tool for a question and just told its result speaks again.
            ToolChoice::Auto if spoke_last == Some("user") => self.wanted_tools(),
            ToolChoice::Auto | ToolChoice::None => Vec::new(),
        }
    }

    /// A number that is the same for the same conversation.
    pub(super) fn hash(&self, seed: u64) -> u64 {
        let mut hasher = DefaultHasher::new();
        seed.hash(&mut hasher);
        for turn in &self.turns {
            turn.role.hash(&mut hasher);
            turn.text.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// The tools whose names have a word that the user used, so that a greeting to an agent is not answered by a call.
    fn wanted_tools(&self) -> Vec<&Tool> {
        let asked = self.last_user_text().to_lowercase();
        let wanted = |tool: &&Tool| {
            let name = tool.name.to_lowercase();
            let mut words = name.split(|character: char| !character.is_alphanumeric());
            words.any(|word| word.len() > 3 && asked.contains(word))
        };
        self.tools.iter().filter(wanted).collect()
    }
}

impl Tool {
    /// A tool from its definition.
    pub(super) fn new(name: &str, definition: &Value, parameters: Option<&Value>) -> Self {
        Self {
            name: name.to_owned(),
            parameters: parameters.and_then(Value::as_object).cloned().unwrap_or_default(),
            tokens: tokens::count(&definition.to_string()),
        }
    }

    /// Arguments that satisfy the simple parts of the schema: every required property, or every one if none is.
    pub(super) fn arguments(&self) -> Map<String, Value> {
        let properties = self.parameters.get("properties").and_then(Value::as_object);
        let required = self.parameters.get("required").and_then(Value::as_array);
        let wanted = |name: &str| required.is_none_or(|names| names.iter().any(|known| known == name));
        let properties = properties.into_iter().flatten();
        properties
            .filter(|(name, _)| wanted(name))
            .map(|(name, schema)| (name.clone(), example(name, schema)))
            .collect()
    }
}

/// A value that a schema of one property admits.
fn example(name: &str, schema: &Value) -> Value {
    if let Some(first) = schema.get("enum").and_then(|values| values.get(0)) {
        return first.clone();
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| 2.into()),
        Some("boolean") => true.into(),
        Some("array") => Value::Array(Vec::new()),
        Some("object") => Value::Object(Map::new()),
        Some("null") => Value::Null,
        _ if name.contains("city") || name.contains("location") => "Paris".into(),
        _ => format!("example {name}").into(),
    }
}
