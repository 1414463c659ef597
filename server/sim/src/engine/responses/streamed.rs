//! A streamed response.

use serde::Serialize;

use super::{
    super::{answer::Events, generation::Batch, script::Content, service::Engine},
    body::ResponseBody,
    item::{Item, OutputText, ReasoningText},
};

/// Writes the events of one response.
pub(super) struct ResponseEvents {
    engine: Engine,
    response: ResponseBody,
    /// Items that are done.
    done: Vec<Item>,
    /// The item that is being written, and its text so far.
    open: Option<(Block, Item, String)>,
    sequence: u64,
}

/// What is being written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    Reasoning,
    Text,
    Call(usize),
}

/// Any event: the fields in the order in which every kind of event has those that it has.
#[derive(Default, Serialize)]
struct Event<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delta: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<&'a Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<Part>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<&'a ResponseBody>,
    sequence_number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Part {
    Reasoning(ReasoningText),
    Text(OutputText),
}

impl Block {
    fn delta(self) -> &'static str {
        match self {
            Self::Reasoning => "response.reasoning_text.delta",
            Self::Text => "response.output_text.delta",
            Self::Call(_) => "response.function_call_arguments.delta",
        }
    }

    fn done(self) -> &'static str {
        match self {
            Self::Reasoning => "response.reasoning_text.done",
            Self::Text => "response.output_text.done",
            Self::Call(_) => "response.function_call_arguments.done",
        }
    }

    /// A part of this kind, begun or whole; calls have none.
    fn part(self, whole: Option<String>) -> Option<Part> {
        match (self, whole) {
            (Self::Reasoning, text) => Some(Part::Reasoning(ReasoningText::new(text.unwrap_or_default()))),
            (Self::Text, None) => Some(Part::Text(OutputText::begun())),
            (Self::Text, Some(text)) => Some(Part::Text(OutputText::whole(text))),
            (Self::Call(_), _) => None,
        }
    }

    fn content_index(self) -> Option<usize> {
        (!matches!(self, Self::Call(_))).then_some(0)
    }

    fn logprobs(self) -> Option<[(); 0]> {
        (self == Self::Text).then_some([])
    }
}

impl ResponseEvents {
    pub(super) fn new(engine: &Engine, response: ResponseBody) -> Self {
        Self {
            engine: engine.clone(),
            response,
            done: Vec::new(),
            open: None,
            sequence: 0,
        }
    }

    fn content(&mut self, content: Content, events: &mut Vec<String>) {
        let (block, name, text) = match content {
            Content::Reasoning(text) => (Block::Reasoning, None, Some(text)),
            Content::Text(text) => (Block::Text, None, Some(text)),
            Content::ToolName { index, name } => (Block::Call(index), Some(name), None),
            Content::ToolArguments { index, json } => (Block::Call(index), None, Some(json)),
            Content::Mark => return,
        };
        if self.open.as_ref().is_none_or(|(open, ..)| *open != block) {
            self.close(events);
            self.open(block, name.unwrap_or_default(), events);
        }
        let output_index = Some(self.done.len());
        let (Some((_, item, all)), Some(text)) = (&mut self.open, text) else {
            return;
        };
        all.push_str(&text);
        let delta = Event {
            content_index: block.content_index(),
            delta: Some(&text),
            item_id: Some(item.id()),
            logprobs: block.logprobs(),
            output_index,
            r#type: block.delta(),
            ..Event::default()
        };
        events.push(write(&mut self.sequence, delta));
    }

    fn open(&mut self, block: Block, name: String, events: &mut Vec<String>) {
        let item = match block {
            Block::Reasoning => Item::reasoning(&self.engine, Some("in_progress"), None),
            Block::Text => Item::message(&self.engine, None),
            Block::Call(_) => Item::call(&self.engine, name, None),
        };
        let output_index = Some(self.done.len());
        let added = Event {
            item: Some(&item),
            output_index,
            r#type: "response.output_item.added",
            ..Event::default()
        };
        events.push(write(&mut self.sequence, added));
        if let Some(part) = block.part(None) {
            let added = Event {
                content_index: block.content_index(),
                item_id: Some(item.id()),
                output_index,
                part: Some(part),
                r#type: "response.content_part.added",
                ..Event::default()
            };
            events.push(write(&mut self.sequence, added));
        }
        self.open = Some((block, item, String::new()));
    }

    fn close(&mut self, events: &mut Vec<String>) {
        let Some((block, item, all)) = self.open.take() else {
            return;
        };
        let output_index = Some(self.done.len());
        let mut done = Event {
            content_index: block.content_index(),
            item_id: Some(item.id()),
            logprobs: block.logprobs(),
            output_index,
            r#type: block.done(),
            ..Event::default()
        };
        if let Item::Call(call) = &item {
            done.arguments = Some(&all);
            done.name = Some(&call.name);
        } else {
            done.text = Some(&all);
        }
        events.push(write(&mut self.sequence, done));
        if let Some(part) = block.part(Some(all.clone())) {
            let done = Event {
                content_index: block.content_index(),
                item_id: Some(item.id()),
                output_index,
                part: Some(part),
                r#type: "response.content_part.done",
                ..Event::default()
            };
            events.push(write(&mut self.sequence, done));
        }
        let item = item.complete(all);
        let done = Event {
            item: Some(&item),
            output_index,
            r#type: "response.output_item.done",
            ..Event::default()
        };
        events.push(write(&mut self.sequence, done));
        self.done.push(item);
    }

    fn state(&mut self, name: &'static str) -> String {
        write(
            &mut self.sequence,
            Event {
                response: Some(&self.response),
                r#type: name,
                ..Event::default()
            },
        )
    }
}

impl Events for ResponseEvents {
    fn opening(&mut self) -> Vec<String> {
        vec![self.state("response.created"), self.state("response.in_progress")]
    }

    fn batch(&mut self, batch: Batch) -> Vec<String> {
        let mut events = Vec::new();
        for content in batch.contents {
            self.content(content, &mut events);
        }
        if batch.finish.is_some() {
            self.close(&mut events);
            let output = std::mem::take(&mut self.done);
            self.response
                .finish(output, batch.finish.as_ref(), batch.generated, batch.reasoning);
            events.push(self.state("response.completed"));
        }
        events
    }

    /// vLLM's generator raises here, which breaks the connection.
    fn failure(&mut self) -> Option<Vec<String>> {
        None
    }
}

fn write(sequence: &mut u64, mut event: Event<'_>) -> String {
    event.sequence_number = *sequence;
    *sequence += 1;
    let json = serde_json::to_string(&event).unwrap_or_default();
    format!("event: {}\ndata: {json}\n\n", event.r#type)
}
