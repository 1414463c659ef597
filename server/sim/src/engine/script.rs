//! An answer, token by token, before it is spoken.

use super::{
    canned,
    prompt::{Prompt, Tool},
    python_json, tokens,
};

/// What is to be generated for one request.
#[derive(Clone, Debug)]
pub(super) struct Task {
    /// What is asked.
    pub prompt: Prompt,
    /// Its length in tokens.
    pub prompt_tokens: u64,
    /// Whether the model thinks first.
    pub thinking: bool,
    /// Tokens at most, at least one.
    pub max_tokens: u64,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// The model may not end by itself.
    pub ignore_end: bool,
    /// Answers wanted.
    pub choices: u32,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub(super) struct Script {
    /// Its pieces in order.
    pub pieces: Vec<Piece>,
    /// How it ends.
    pub finish: Finish,
}

/// A part of an answer that is never torn apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// What a client sees of it.
    pub content: Content,
    /// What it costs.
    pub tokens: u64,
}

/// What a client sees of a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// A thought.
    Reasoning(String),
    /// The answer proper.
    Text(String),
    /// A call begins.
    ToolName {
        /// Which of the answer's calls, from 0.
        index: usize,
        /// The tool's name.
        name: String,
    },
    /// A part of a call's arguments.
    ToolArguments {
        /// Which of the answer's calls, from 0.
        index: usize,
        /// A part of their JSON.
        json: String,
    },
    /// Nothing: the end of the thoughts, of a call or of the answer.
    Mark,
}

/// How an answer ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    /// By itself.
    Stop,
    /// With one of the stop texts.
    StopText(String),
    /// At the limit of its tokens.
    Length,
    /// With a call.
    ToolCalls,
}

impl Finish {
    /// OpenAI's name for it.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Stop | Self::StopText(_) => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
        }
    }

    /// The stop text that ended it.
    pub(super) fn stop_text(&self) -> Option<&str> {
        match self {
            Self::StopText(text) => Some(text),
            _ => None,
        }
    }
}

impl Script {
    /// What the model says to a task. Choices after the first one differ by their number.
    pub(super) fn write(task: &Task, seed: u64, choice: u32) -> Self {
        let seed = seed.wrapping_add(u64::from(choice));
        let mut script = Self {
            pieces: Vec::new(),
            finish: Finish::Stop,
        };
        let tools = task.prompt.called_tools();
        if task.thinking {
            match tools.first() {
                Some(tool) => script.say(&canned::tool_thoughts(&tool.name), Content::Reasoning),
                None => script.say(canned::thoughts(&task.prompt, seed), Content::Reasoning),
            }
            script.mark();
        }
        if tools.is_empty() {
            let answer = canned::answer(&task.prompt, seed);
            script.answer(&answer, &task.stop);
        } else {
            if let Some(words) = canned::before_a_call(&task.prompt) {
                script.say(words, Content::Text);
            }
            for (index, tool) in tools.into_iter().enumerate() {
                script.call(index, tool);
            }
            script.finish = Finish::ToolCalls;
        }
        if task.ignore_end {
            script.go_on(task.max_tokens);
        } else if !matches!(script.finish, Finish::StopText(_)) {
            script.mark();
        }
        script.cut(task.max_tokens);
        script.hold_back(&task.stop);
        script
    }

    /// Says a text, up to the first stop text in it.
    fn answer(&mut self, answer: &str, stop: &[String]) {
        let found = stop.iter().filter_map(|stop| Some((answer.find(stop.as_str())?, stop)));
        let Some((at, stop)) = found.min_by_key(|&(at, _)| at) else {
            return self.say(answer, Content::Text);
        };
        self.say(&answer[..at], Content::Text);
        self.finish = Finish::StopText(stop.clone());
        // The tokens of the stop text were generated, and held back with the last piece before it.
        let held = tokens::count(stop);
        match self.pieces.last_mut() {
            Some(last) => last.tokens += held,
            None => self.pieces.push(Piece {
                content: Content::Mark,
                tokens: held,
            }),
        }
    }

    fn call(&mut self, index: usize, tool: &Tool) {
        self.pieces.push(Piece {
            content: Content::ToolName {
                index,
                name: tool.name.clone(),
            },
            tokens: 1 + tokens::count(&tool.name),
        });
        let arguments = python_json::to_string(&tool.arguments());
        self.say(&arguments, |json| Content::ToolArguments { index, json });
        self.mark();
    }

    fn say(&mut self, text: &str, content: impl Fn(String) -> Content) {
        let pieces = tokens::split(text).map(|token| Piece {
            content: content(token.to_owned()),
            tokens: 1,
        });
        self.pieces.extend(pieces);
    }

    fn mark(&mut self) {
        self.pieces.push(Piece {
            content: Content::Mark,
            tokens: 1,
        });
    }

    fn go_on(&mut self, until: u64) {
        self.finish = Finish::Stop;
        let mut tokens: u64 = self.pieces.iter().map(|piece| piece.tokens).sum();
        while tokens < until {
            let before = self.pieces.len();
            self.say("\n\n", Content::Text);
            self.say(canned::more(), Content::Text);
            tokens += self.pieces[before..].iter().map(|piece| piece.tokens).sum::<u64>();
        }
        self.finish = Finish::Length;
    }

    /// Holds back what could be the start of a stop text, as vLLM does: all but one of its characters, until the end.
    fn hold_back(&mut self, stop: &[String]) {
        let held = stop
            .iter()
            .map(|stop| stop.chars().count().saturating_sub(1))
            .max()
            .unwrap_or(0);
        let mut buffer = String::new();
        let mut left = self.pieces.len();
        for piece in &mut self.pieces {
            left -= 1;
            match &piece.content {
                Content::Text(text) => buffer.push_str(text),
                Content::Mark if left == 0 => {}
                _ => continue,
            }
            let keep = if left == 0 { 0 } else { held };
            let shown = buffer.chars().count().saturating_sub(keep);
            let at = buffer.char_indices().nth(shown).map_or(buffer.len(), |(at, _)| at);
            let rest = buffer.split_off(at);
            let text = std::mem::replace(&mut buffer, rest);
            piece.content = if text.is_empty() {
                Content::Mark
            } else {
                Content::Text(text)
            };
        }
    }

    /// Ends at the limit, in the middle of a piece if it must be: the rest of that piece is lost.
    fn cut(&mut self, limit: u64) {
        let mut used = 0;
        for place in 0..self.pieces.len() {
            let piece = &mut self.pieces[place];
            if used + piece.tokens > limit {
                piece.tokens = limit - used;
                if piece.tokens == 0 {
                    self.pieces.truncate(place);
                } else {
                    piece.content = Content::Mark;
                    self.pieces.truncate(place + 1);
                }
                self.finish = Finish::Length;
                return;
            }
            used += piece.tokens;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(text: &str) -> Task {
        Task {
            prompt: Prompt::from_text(text),
            prompt_tokens: 1,
            thinking: false,
            max_tokens: 100,
            stop: Vec::new(),
            ignore_end: false,
            choices: 1,
        }
    }

    fn text(script: &Script) -> String {
        let texts = script.pieces.iter().filter_map(|piece| match &piece.content {
            Content::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    fn tokens(script: &Script) -> u64 {
        script.pieces.iter().map(|piece| piece.tokens).sum()
    }

    #[test]
    fn an_answer_ends_with_a_mark_and_a_thought_too() {
        let script = Script::write(
            &Task {
                thinking: true,
                ..task("Repeat: a b")
            },
            0,
            0,
        );
        let marks = script
            .pieces
            .iter()
            .filter(|piece| piece.content == Content::Mark)
            .count();
        assert_eq!(
            (marks, text(&script).as_str(), &script.finish),
            (2, "a b", &Finish::Stop)
        );
        assert!(matches!(script.pieces[0].content, Content::Reasoning(_)));
    }

    #[test]
    fn the_limit_counts_every_token() {
        let script = Script::write(
            &Task {
                max_tokens: 2,
                ..task("Repeat: one two three")
            },
            0,
            0,
        );
        assert_eq!(
            (text(&script).as_str(), tokens(&script), script.finish),
            ("one two", 2, Finish::Length)
        );
        // Three words and the end: four tokens are just enough.
        let script = Script::write(
            &Task {
                max_tokens: 4,
                ..task("Repeat: one two three")
            },
            0,
            0,
        );
        assert_eq!((tokens(&script), script.finish), (4, Finish::Stop));
    }

    #[test]
    fn a_stop_text_ends_the_answer_before_it() {
        let script = Script::write(
            &Task {
                stop: vec!["two".to_owned()],
                ..task("Repeat: one two three")
            },
            0,
            0,
        );
        assert_eq!(text(&script), "one ");
        assert_eq!(script.finish, Finish::StopText("two".to_owned()));
    }

    #[test]
    fn what_could_start_a_stop_text_is_held_back_until_the_end() {
        let script = Script::write(
            &Task {
                stop: vec!["xyz".to_owned()],
                ..task("Repeat: one two three")
            },
            0,
            0,
        );
        let contents: Vec<_> = script.pieces.iter().map(|piece| piece.content.clone()).collect();
        let expected = ["o", "ne t", "wo thr", "ee"].map(|text| Content::Text(text.to_owned()));
        assert_eq!((contents.as_slice(), script.finish), (&expected[..], Finish::Stop));
    }

    #[test]
    fn ignoring_the_end_fills_the_limit() {
        let script = Script::write(
            &Task {
                ignore_end: true,
                max_tokens: 1_000,
                ..task("Repeat: a")
            },
            0,
            0,
        );
        assert_eq!((tokens(&script), script.finish), (1_000, Finish::Length));
    }
}
