import { Component, type ComponentChildren, type FunctionComponent } from "preact";

/** memo returns a component that is drawn again only when one of its props changes. */
export function memo<P extends object>(Inner: FunctionComponent<P>) {
  return class Memo extends Component<P> {
    shouldComponentUpdate(next: P): boolean {
      return (Object.keys(next) as (keyof P)[]).some((name) => next[name] !== this.props[name]);
    }
    render(props: P): ComponentChildren {
      return <Inner {...props} />;
    }
  };
}
