"""One spelling per provider, so that one provider is one line on a page and one set of prices.

The spelling is that of `genai-prices`. Sources of the others: OTel GenAI `gen_ai.provider.name` and the
older `gen_ai.system`, OpenInference `llm.provider`/`llm.system`, OpenLLMetry's `GenAISystem`, the Vercel
AI SDK's provider strings (`openai.chat`, `google.generative-ai`, `amazon-bedrock`).
"""

from functools import lru_cache

_SPELLINGS = {
    "az.ai.openai": "azure",
    "az.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "azure-openai": "azure",
    "azure_openai": "azure",
    "azureopenai": "azure",
    "aws.bedrock": "aws",
    "aws_bedrock": "aws",
    "amazon-bedrock": "aws",
    "amazon_bedrock": "aws",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "gcp": "google",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "gemini": "google",
    "google.generative-ai": "google",
    "google.vertex": "google",
    "google-vertex": "google",
    "google-gla": "google",
    "google-vertexai": "google",
    "google_genai": "google",
    "google_generativeai": "google",
    "google_vertexai": "google",
    "google-genai": "google",
    "vertex_ai": "google",
    "vertexai": "google",
    "vertex": "google",
    "mistral_ai": "mistral",
    "mistralai": "mistral",
    "x_ai": "x-ai",
    "xai": "x-ai",
    "together_ai": "together",
    "togetherai": "together",
    "fireworks_ai": "fireworks",
    "fireworks-ai": "fireworks",
    "moonshot": "moonshotai",
    "moonshot_ai": "moonshotai",
    "voyage": "voyageai",
    "voyage_ai": "voyageai",
    "perplexity_ai": "perplexity",
    "open_router": "openrouter",
    "vertex_ai_anthropic": "google",
    "google.vertex.anthropic": "google",
    "ibm.watsonx.ai": "watsonx",
    "hugging_face": "huggingface",
    "zhipu": "zhipuai",
    "github_copilot": "github-copilot",
}

#: A model's maker by the beginning of its name, for emitters that name no provider (Langfuse's wrappers).
_MODEL_BEGINNINGS = (
    (("gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-3", "text-embedding-ada", "whisper-", "dall-e"), "openai"),
    (("claude-",), "anthropic"),
    (("gemini-", "models/gemini-"), "google"),
    (("mistral-", "codestral-", "ministral-", "magistral-", "pixtral-"), "mistral"),
    (("deepseek-",), "deepseek"),
    (("command-", "embed-english", "embed-multilingual", "rerank-"), "cohere"),
    (("grok-",), "x-ai"),
    (("sonar",), "perplexity"),
    (("kimi-", "moonshot-"), "moonshotai"),
    (("voyage-",), "voyageai"),
)


@lru_cache(maxsize=4096)
def normalised(name: str) -> str:
    """`gcp.vertex_ai` becomes `google`; a name that is not known stays as it is, in lower case."""
    lower = name.strip().lower()
    shorter = lower
    while shorter:
        if shorter in _SPELLINGS:
            return _SPELLINGS[shorter]
        # The AI SDK adds the interface: openai.chat, google.vertex.chat.
        shorter = shorter.rpartition(".")[0]
    head = lower.partition(".")[0]
    return head if head in _KNOWN else lower


_KNOWN = {*_SPELLINGS.values(), "openai", "anthropic", "groq", "cohere", "cerebras", "google"}


@lru_cache(maxsize=4096)
def of_model(model: str) -> str:
    """The provider that a model's name gives away, or an empty string."""
    head, slash, _ = model.partition("/")
    if slash and head != "models":
        known = normalised(head)
        return known if known in _KNOWN else ""
    lower = model.lower()
    for beginnings, provider in _MODEL_BEGINNINGS:
        if lower.startswith(beginnings):
            return provider
    return ""
