/** The elements of Home Assistant that the cards use, as simple as possible. */

const STYLE = `
  html { font-family: Roboto, "Noto Sans", sans-serif; font-size: 14px; }
  body { margin: 0; padding: 8px; background: #fafafa;
    --primary-text-color: #141414; --secondary-text-color: #5e5e5e; --divider-color: rgba(0,0,0,.12);
    --card-background-color: #fff; --primary-color: #009ac7; --error-color: #db4437;
    --warning-color: #ffa600; --success-color: #43a047; --secondary-background-color: #e5e5e5;
    --disabled-text-color: #bdbdbd; --state-icon-color: #44739e; color: #141414; }
  body.dark { background: #111; color: #e1e1e1;
    --primary-text-color: #e1e1e1; --secondary-text-color: #9b9b9b;
    --divider-color: rgba(225,225,225,.12); --card-background-color: #1c1c1c;
    --secondary-background-color: #282828; --disabled-text-color: #6f6f6f; }
  #cards > * { display: block; margin: 0 0 8px; }
`;

class HaCard extends HTMLElement {
  connectedCallback(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.innerHTML = `<style>:host { display: block; border-radius: 12px; border: 1px solid
      var(--divider-color); background: var(--card-background-color); }</style><slot></slot>`;
  }
}

/** A dot: the paths of the icons are part of Home Assistant. */
class HaIcon extends HTMLElement {
  connectedCallback(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.innerHTML = `<style>:host { display: inline-flex; width: 24px; height: 24px; }
      i { margin: auto; width: 60%; height: 60%; border-radius: 50%; border: 2px solid; }
      </style><i></i>`;
  }
}

customElements.define("ha-card", HaCard);
customElements.define("ha-icon", HaIcon);
const style = document.createElement("style");
style.textContent = STYLE;
document.head.append(style);
